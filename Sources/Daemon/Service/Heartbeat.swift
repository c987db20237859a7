import Foundation
import Postgres

/// This daemon's row in `hazecast.daemon`, for `hazecast.status`.
///
/// It is written between two turns by the loop itself, so a loop that hangs is seen to hang.
struct Heartbeat {
    /// What a daemon does.
    enum Role: String, Sendable {
        /// It holds the lock and forecasts.
        case active
        /// It waits for the lock.
        case standby
    }

    private static let every = Duration.seconds(10)

    /// This machine's own name, without asking a name server.
    private static let host: String = {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            guard let start = name.baseAddress, gethostname(start, name.count - 1) == 0 else { return "unknown" }
            name[name.count - 1] = 0
            return String(cString: start)
        }
    }()

    private let instance = UUID().uuidString
    private var written: (at: ContinuousClock.Instant, role: Role, model: String?, refusal: String?)?

    /// Writes the row when it is due or says something new.
    ///
    /// - Parameters:
    ///   - model: the default model that it has loaded.
    ///   - refusal: why models that were made active do not serve.
    mutating func beat(
        _ role: Role, model: String?, refusal: String? = nil, on connection: Connection
    ) async throws(PostgresError) {
        let now = ContinuousClock.now
        if let written, written.role == role, written.model == model, written.refusal == refusal,
            now - written.at < Heartbeat.every
        {
            return
        }
        _ = try await connection.query(
            """
            WITH gone AS (DELETE FROM hazecast.daemon WHERE heartbeat < clock_timestamp() - interval '1 day')
            INSERT INTO hazecast.daemon (instance, host, pid, version, role, model, refusal, started_at, heartbeat)
            VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, clock_timestamp(), clock_timestamp())
            ON CONFLICT (instance) DO UPDATE SET role = excluded.role, model = excluded.model, refusal = excluded.refusal,
                heartbeat = excluded.heartbeat
            """,
            [
                instance, Heartbeat.host, ProcessInfo.processInfo.processIdentifier,
                Hazecast.version, role.rawValue, model, refusal,
            ])
        written = (now, role, model, refusal)
    }

    /// Takes the row away at a clean stop.
    func end(on connection: Connection) async throws(PostgresError) {
        _ = try await connection.query(
            "DELETE FROM hazecast.daemon WHERE instance = $1::uuid", [instance],
            timeout: .seconds(1))
    }
}
