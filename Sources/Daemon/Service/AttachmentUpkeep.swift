import Logging
import Postgres

/// Takes in what users' own tables have: their rows become readings, of which the turns hear as of all others.
///
/// It runs beside the turns, over a session of its own, and reads each table over another one. Nothing that goes wrong
/// here stops or delays forecasts: a table that cannot be read is tried again later, and a lost session is opened anew.
struct AttachmentUpkeep {
    /// How late it finds what nobody announces: hours that are waited for no longer, and tables that are polled.
    private static let every = Duration.milliseconds(500)
    /// For its own session: every statement goes by an index.
    private static let settings = "\(ForecastService.planning); SET lock_timeout = '1s'"

    private var tables = AttachedTables()
    private var trouble = Trouble()

    /// Settles attached tables until its task is cancelled.
    ///
    /// - Parameter leader: the server's process of the session that takes turns: without its lock nothing is written.
    mutating func run(for leader: Int32, at conninfo: String, logger: Logger) async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                let connection = try await Connection.connect(conninfo, applicationName: "hazecast attachments")
                do {
                    try await serve(leader, on: connection, at: conninfo, logger: logger) { backoff.reset() }
                } catch {
                    await connection.close()
                    throw error
                }
                await connection.close()
            } catch {
                if Task.isCancelled { return }
                let isNews = trouble.fails(with: "\(error)")
                logger.log(level: isNews ? .error : .debug, "attached tables are not settled: \(error)")
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private mutating func serve(
        _ leader: Int32, on connection: Connection, at conninfo: String, logger: Logger, onSuccess: () -> Void
    ) async throws {
        try await connection.run(script: Self.settings)
        let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let notifications = try await connection.listen(to: ["hazecast_arrival"])
        let hints = Task {
            defer { waker.finish() }
            for try await _ in notifications { waker.yield() }
        }
        let timer = Task {
            while !Task.isCancelled {
                waker.yield()
                try await Task.sleep(for: Self.every)
            }
        }
        defer {
            hints.cancel()
            timer.cancel()
        }
        let settling = AttachedSettling(connection: connection) { body in
            let look = Statement("SELECT \(Leadership.isHeldSQL(by: "$1"))", [leader])
            _ = try await connection.withTransaction(first: [look]) { first, _ in
                guard try first[0].single().decode(Bool.self, at: 0) else {
                    throw DaemonError(.lostLock, "the advisory lock of this daemon is gone; another one may be active")
                }
                try await body()
            }
        }
        let reader = AttachedReader(conninfo: conninfo)
        for await _ in wakes {
            while !Task.isCancelled {
                let now = try await connection.query("SELECT clock_timestamp()").single()
                    .decode(PostgresTimestamp.self, at: 0)
                let due = try await AttachedTable.due(at: now, on: connection)
                if due.isEmpty { break }
                for failure in try await tables.settle(due, by: settling, reader: reader, at: now) {
                    let isNews = trouble.fails(with: failure)
                    logger.log(level: isNews ? .error : .debug, "attached tables cannot be read: \(failure)")
                }
            }
            onSuccess()
        }
        try Task.checkCancellation()
        throw PostgresError(.connectionLost, "the connection was closed", operation: "LISTEN")
    }
}
