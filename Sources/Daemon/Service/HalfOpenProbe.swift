import Logging
import Postgres

/// Finds a connection that is half open: it takes what is sent, and no answer will ever come.
///
/// TCP notices within seconds where the other machine is gone. A middlebox that answers for it, a server that is stopped,
/// and a connection that only one side still knows look like a long statement. So when the loop has not moved on for a while,
/// the server is asked by another connection whether it is at work for the first one.
struct HalfOpenProbe {
    /// With the wait for an answer and that for the server to stop, less than 15 s.
    private static let patience = Duration.seconds(5)
    private static let answer = Duration.seconds(3)

    let connection: Connection
    let conninfo: String
    let logger: Logger

    /// Ends the connection's call when nobody works on it any more; returns when the task is cancelled.
    ///
    /// - Parameter process: the server's, which works for the connection.
    func watch(_ process: Int32) async {
        while !Task.isCancelled {
            let age = Watchdog.progress.age
            if age < Self.patience {
                try? await Task.sleep(for: Self.patience - age)
                continue
            }
            if await isForgotten(process), Watchdog.progress.age >= Self.patience, !Task.isCancelled {
                logger.warning("the server does not answer: giving the connection up")
                connection.cancelRunning()
            }
            try? await Task.sleep(for: Self.patience)
        }
    }

    /// Whether the server cannot be reached, or has had nothing to do for the connection for a while.
    private func isForgotten(_ process: Int32) async -> Bool {
        do {
            let other = try await Connection.connect(
                conninfo, applicationName: "hazecast probe", timeout: Self.answer)
            let isForgotten = await isForgotten(process, by: other)
            await other.close()
            return isForgotten
        } catch {
            // A server that refuses is there, and what it does for the first connection is not known.
            return error.sqlState == nil
        }
    }

    private func isForgotten(_ process: Int32, by other: Connection) async -> Bool {
        do {
            let rows = try await other.query(
                """
                SELECT state = 'active' OR clock_timestamp() - state_change < make_interval(secs => $2)
                FROM pg_stat_activity WHERE pid = $1
                """, [process, Double(Self.patience.components.seconds)], timeout: Self.answer)
            return try rows.first?.decode(Bool?.self, at: 0) != true
        } catch {
            return error.sqlState == nil
        }
    }
}
