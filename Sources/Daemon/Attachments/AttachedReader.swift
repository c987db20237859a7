import Postgres

/// Reads a user's table with the rights of its reader and no others, over a connection that serves for nothing else.
///
/// Planning and running the query runs code of whoever owns the table. Inside a SECURITY DEFINER function of the reader
/// that code can neither RESET ROLE nor SET ROLE. It can change settings, drop the function and catch a cancel; so the
/// function is made for one call in `pg_temp`, nothing is run on the connection afterwards, and the deadline closes the
/// socket and terminates the server's process. The transaction is read-only and never commits: no deferred trigger runs
/// outside of the function, and no notification leaves it.
package struct AttachedReader {
    let conninfo: String
    var deadline = Duration.seconds(60)

    /// - Parameter conninfo: of the daemon's own login, which is a member of every reader.
    package init(conninfo: String, deadline: Duration = .seconds(60)) {
        (self.conninfo, self.deadline) = (conninfo, deadline)
    }

    /// The server's process for one reading.
    struct Process: Sendable {
        let id: Int32
        let startedAt: PostgresTimestamp
    }

    /// A process that goes on although it was told to end, as code in some languages can.
    struct Lingering: Error {
        let process: Process
    }

    /// Folds the rows of a query into a value, as `Connection.copyOut` does in binary format.
    ///
    /// - Throws: the query's error, `.timedOut` after the deadline; `Lingering` where the process does not end either.
    func read<Value: Sendable>(
        _ query: AttachedQuery, _ select: String, into initial: Value,
        _ update: @Sendable (inout Value, UnsafeRawBufferPointer) throws -> Void
    ) async throws -> Value {
        let connection = try await Connection.connect(conninfo, applicationName: "hazecast reader")
        var process: Process?
        do {
            let row = try await connection.query(
                "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
            ).single()
            process = Process(
                id: try row.decode(Int32.self, at: 0), startedAt: try row.decode(PostgresTimestamp.self, at: 1))
            try await connection.run(script: Self.settings)
            try await connection.run(script: function(query, select))
            try await connection.run(script: "BEGIN READ ONLY")
            let value = try await connection.copyOut(
                "COPY (SELECT * FROM pg_temp.hazecast_read()) TO STDOUT (FORMAT binary)", timeout: deadline,
                into: initial, update)
            await connection.close()
            return value
        } catch {
            await connection.close()
            // Not in this task: a cancelled one could not say so.
            let (reader, begun) = (self, process)
            let isEnded = try await Task { if let begun { try await reader.end(begun) } else { true } }.value
            if let process, !isEnded { throw Lingering(process: process) }
            throw error
        }
    }

    /// Whether a process has ended, which is told to.
    func end(_ process: Process) async throws(PostgresError) -> Bool {
        let other = try await Connection.connect(conninfo, applicationName: "hazecast reader")
        let isEnded: Bool
        do {
            let its = "FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2"
            let parameters: [any PostgresEncodable] = [process.id, process.startedAt]
            try await other.query("SELECT pg_terminate_backend(pid, 5000) \(its)", parameters)
            // Where it ended by itself meanwhile there was nothing to terminate.
            isEnded = try await other.query("SELECT NOT EXISTS (SELECT \(its))", parameters).single()
                .decode(Bool.self, at: 0)
        } catch {
            await other.close()
            throw error
        }
        await other.close()
        return isEnded
    }

    private static let settings = """
        SET standard_conforming_strings = on; SET check_function_bodies = off; SET lock_timeout = '200ms';
        SET jit = off; SET enable_seqscan = on; SET plan_cache_mode = auto
        """

    private func function(_ query: AttachedQuery, _ select: String) -> String {
        """
        SET ROLE \(AttachedQuery.identifier(query.table.reader));
        CREATE FUNCTION pg_temp.hazecast_read() RETURNS TABLE (\(query.types)) LANGUAGE sql STABLE SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC'
            SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
            AS \(AttachedQuery.literal(select))
        """
    }
}
