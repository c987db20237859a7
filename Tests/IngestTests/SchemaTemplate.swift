import Postgres
import TestSupport

/// A connection to a database of the test's own that holds the schema.
func withSchema<Value: Sendable>(_ body: @escaping @Sendable (Connection) async throws -> Value) async throws -> Value {
    try await withDeadline(.seconds(120)) {
        try await TestDatabase.withDatabase(.schema) { conninfo in
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            defer { Task { await connection.close() } }
            return try await body(connection)
        }
    }
}
