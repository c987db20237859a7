import Postgres
import TestSupport
import Testing

/// A connection to a fresh database, closed and dropped afterwards; the whole has a deadline.
///
/// Deadlines are there to find hangs, not slowness: a busy machine takes many seconds to start a server.
func withConnection(
    deadline: Duration = .seconds(60), _ body: @escaping @Sendable (Connection) async throws -> Void
) async throws {
    try await withDeadline(deadline) {
        try await TestDatabase.withDatabase { conninfo in
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            try await body(connection)
            await connection.close()
        }
    }
}

/// The error that `body` throws.
func failure(
    of body: () async throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> PostgresError {
    try await #require(throws: PostgresError.self, sourceLocation: sourceLocation) { _ = try await body() }
}

/// Returns once the server says that a backend is in the middle of a statement that contains `text`.
func untilRuns(_ text: String, on observer: Connection) async throws {
    let sql = """
        SELECT count(*) FROM pg_stat_activity
        WHERE state = 'active' AND position($1 in query) > 0 AND pid <> pg_backend_pid()
            -- Between preparing and running it the server is idle, and forgets a request to stop.
            AND (position('pg_sleep' in query) = 0 OR wait_event = 'PgSleep')
        """
    while try await observer.query(sql, [text]).single().decode(Int.self, at: 0) == 0 { await Task.yield() }
}
