import Logging
import Postgres

/// Makes the partitions of the coming months and drops those that `hazecast.retention` has expire, and clears alerts of
/// stations that report no more, once a day.
///
/// Two years of them stand ready, so nothing is urgent: when a lock is not to be had, it is tried again later.
struct PartitionUpkeep {
    private static let every = Duration.seconds(24 * 3600)
    private static let retry = Duration.seconds(600)

    private var due = ContinuousClock.now

    mutating func runIfDue(
        on connection: Connection, after trouble: inout Trouble, logger: Logger
    ) async throws(PostgresError) {
        guard ContinuousClock.now >= due else { return }
        do throws(PostgresError) {
            let made = try await connection.query("SELECT hazecast.maintain_partitions()").single().decode(
                Int32.self, at: 0)
            if made > 0 { logger.notice("made partitions", metadata: ["partitions": "\(made)"]) }
            let dropped = try await connection.query("SELECT hazecast.drop_expired_partitions()").single().decode(
                Int32.self, at: 0)
            if dropped > 0 { logger.notice("dropped expired partitions", metadata: ["partitions": "\(dropped)"]) }
            _ = try await connection.query("SELECT hazecast.expire_alerts()")
            trouble.succeeds()
            due = .now + Self.every
        } catch let error where error.code == .server {
            let level: Logger.Level = error.sqlState == "55P03" ? .info : .error
            logger.log(
                level: trouble.fails(with: "\(error)") ? level : .debug,
                "partitions are not made or dropped yet: \(error)", metadata: ["retry_in": "\(Self.retry)"])
            due = .now + Self.retry
        }
    }
}
