import Postgres

/// Finds a transaction pooler: it breaks session locks and LISTEN without an error, so forecasts would come late or twice.
enum PoolerProbe {
    /// - Throws: `DaemonError` when statements of one session reach different server sessions or share one with another.
    static func refuse(_ connection: Connection, conninfo: String) async throws {
        // A pooler makes up the process id that it tells its clients, so equal ones prove a direct connection.
        let server = try await serverProcess(of: connection)
        if await connection.backendProcessID == server { return }
        // Between two statements of a session, a transaction pooler hands its server session to whoever begins next.
        let other = try await Connection.connect(conninfo, applicationName: "hazecast pooler probe")
        let isPooled: Bool
        do {
            try await other.run(script: "BEGIN")
            let theirs = try await serverProcess(of: other)
            let ours = try await serverProcess(of: connection)
            isPooled = theirs == server || ours != server
        } catch let error
            where error.sqlState == "26000" || error.sqlState == "42P05" || error.message.contains("pooling mode")
        {
            // Prepared statements of one session turned up in, or went missing from, another; or transactions are refused.
            isPooled = true
        } catch {
            await other.close()
            throw error
        }
        await other.close()
        if isPooled {
            throw DaemonError(
                .pooler,
                "a transaction pooler (such as PgBouncer with pool_mode = transaction) stands before the database; "
                    + "hazecast needs session locks and LISTEN: connect to PostgreSQL itself or to a pool in session mode"
            )
        }
    }

    private static func serverProcess(of connection: Connection) async throws(PostgresError) -> Int32 {
        try await connection.query("SELECT pg_backend_pid()").single().decode(Int32.self, at: 0)
    }
}
