import Postgres
import TestSupport
import Testing

@testable import Daemon

/// A migrated database of a test's own, and a connection to it as the owner of the schema.
struct MigratedDatabase: Sendable {
    let conninfo: String
    let owner: Connection

    /// Runs `body` with a fresh one, which is dropped afterwards.
    static func with(
        deadline: Duration = .seconds(60), _ body: @escaping @Sendable (MigratedDatabase) async throws -> Void
    ) async throws {
        // The deadline begins when the database is there: how long that takes depends on how many tests want one.
        try await TestDatabase.withDatabase(.migrated) { conninfo in
            try await withDeadline(deadline) {
                let owner = try await Connection.connect(conninfo, applicationName: "owner")
                try await body(MigratedDatabase(conninfo: conninfo, owner: owner))
                await owner.close()
            }
        }
    }

    /// Another session.
    func connect() async throws -> Connection { try await Connection.connect(conninfo, applicationName: "test") }

    /// A session with no rights but those of one role.
    func connect(as role: String) async throws -> Connection {
        let connection = try await connect()
        try await connection.run(script: "SET SESSION AUTHORIZATION \(role)")
        return connection
    }

    /// Statements of the owner.
    func run(_ script: String) async throws { try await owner.run(script: script) }

    /// One value, as the owner sees it.
    func value<Value: PostgresDecodable>(_ sql: String, as type: Value.Type = Value.self) async throws -> Value {
        try await owner.query(sql).single().decode(Value.self, at: 0)
    }

    /// The first column of an answer.
    func column(_ sql: String) async throws -> [String] {
        try await owner.query(sql).map { try $0.decode(String.self, at: 0) }
    }

    /// What the feed holds: `reload`, or `rows n` where n readings are from the transaction that is named; sorted.
    func feed() async throws -> [String] {
        try await column(
            """
            SELECT CASE WHEN reload THEN 'reload' ELSE 'rows ' || (
                SELECT count(*) FROM hazecast.reading WHERE reading.written_by = arrival.written_by) END AS entry
            FROM hazecast.arrival ORDER BY entry
            """)
    }

    /// Empties the feed as the daemon does.
    func claim() async throws { try await run("DELETE FROM hazecast.arrival") }
}

/// The SQLSTATE with which a script fails.
func sqlState(
    of script: String, on connection: Connection, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> String? {
    try await #require(throws: PostgresError.self, sourceLocation: sourceLocation) {
        try await connection.run(script: script)
    }.sqlState
}
