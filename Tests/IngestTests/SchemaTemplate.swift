import Foundation
import Postgres
import TestSupport

extension DatabaseTemplate {
    /// The schema as `migrations/` makes it.
    static let schema = DatabaseTemplate("schema") { conninfo in
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../migrations")
        let files = try FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        let connection = try await Connection.connect(conninfo, applicationName: "template")
        for file in files { try await connection.run(script: try String(contentsOf: file, encoding: .utf8)) }
        await connection.close()
    }
}

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
