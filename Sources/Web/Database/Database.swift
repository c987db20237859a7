import Postgres

/// A few read-only sessions, opened when they are needed and again when they are lost.
///
/// Each query takes the next session; a session runs one query after the other.
actor Database {
    /// Enough that a slow page does not hold up the others.
    private static let sessions = 3
    /// How long a query may take.
    static let queryTime = Duration.seconds(20)

    private let conninfo: String
    private var slots: [Slot] = Array(repeating: .closed, count: sessions)
    private var turn = 0

    private enum Slot {
        case closed
        case opening(Task<Result<Connection, PostgresError>, Never>)
        case open(Connection)
    }

    init(_ conninfo: String) { self.conninfo = conninfo }

    /// The rows of one statement; after a lost connection it is tried once more on a new one.
    func query(_ sql: String, _ parameters: [any PostgresEncodable] = []) async throws(PostgresError) -> Rows {
        turn = (turn + 1) % Self.sessions
        let slot = turn
        do throws(PostgresError) {
            return try await session(slot).query(sql, parameters, timeout: Self.queryTime)
        } catch {
            guard error.recovery == .reconnect, error.code == .connectionLost else { throw error }
            return try await session(slot).query(sql, parameters, timeout: Self.queryTime)
        }
    }

    private func session(_ slot: Int) async throws(PostgresError) -> Connection {
        switch slots[slot] {
        case .open(let connection):
            if await connection.isUsable { return connection }
            await connection.close()
            return try await opened(slot)
        case .opening(let task): return try await task.value.get()
        case .closed: return try await opened(slot)
        }
    }

    private func opened(_ slot: Int) async throws(PostgresError) -> Connection {
        if case .opening(let task) = slots[slot] { return try await task.value.get() }
        let task = Task { [conninfo] in await Self.open(conninfo) }
        slots[slot] = .opening(task)
        let result = await task.value
        if case .success(let connection) = result {
            slots[slot] = .open(connection)
        } else {
            slots[slot] = .closed
        }
        return try result.get()
    }

    private static func open(_ conninfo: String) async -> Result<Connection, PostgresError> {
        do throws(PostgresError) {
            let connection = try await Connection.connect(
                conninfo, applicationName: "hazecast-web", timeout: .seconds(5))
            // Planned each time: only bounds that the planner knows spare a query the partitions that they exclude.
            try await connection.run(
                script: """
                    SET default_transaction_read_only = on; SET statement_timeout = '20s'; SET lock_timeout = '2s';
                    SET plan_cache_mode = force_custom_plan; SET jit = off
                    """)
            return .success(connection)
        } catch {
            return .failure(error)
        }
    }

    func close() async {
        for case .open(let connection) in slots { await connection.close() }
        slots = Array(repeating: .closed, count: Self.sessions)
    }
}

extension PostgresError {
    /// Whether the login may not see what it asked for.
    var isDenied: Bool { sqlState == "42501" }
}
