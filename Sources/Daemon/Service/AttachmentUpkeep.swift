import Ingest
import Logging
import Postgres

/// Takes in what users' own tables have: calls `hazecast.settle_attachments`, which turns their rows into readings.
///
/// In transactions of its own before each turn, so that the readings are there when the turn claims arrivals. A table that
/// cannot be read is the database's to note and to try again; the others and the forecasts go on.
struct AttachmentUpkeep {
    /// How long it is left alone when settling as a whole failed, as it does when a lock was not to be had.
    private static let retry = Duration.seconds(10)

    private var notBefore = ContinuousClock.now
    /// Whether any table is attached, as of the last look: without one nothing is asked.
    private var hasAttachments = true

    /// Whether an attached table has changed, or an hour of it is waited for no longer.
    ///
    /// - Parameter poll: what the loop has just seen.
    mutating func isDue(_ poll: Feed.Poll) -> Bool {
        hasAttachments = poll.hasAttachments
        return poll.isAttachmentDue && ContinuousClock.now >= notBefore
    }

    /// Settles one batch of every attached table.
    mutating func settle(
        on connection: Connection, after troubles: inout Troubles, logger: Logger
    ) async throws(PostgresError) {
        guard hasAttachments, ContinuousClock.now >= notBefore else { return }
        do throws(PostgresError) {
            let row = try await connection.query(
                "SELECT failures FROM hazecast.settle_attachments()", timeout: .seconds(300)
            ).single()
            if let failures = try row.decode(String?.self, at: 0) {
                let isNews = troubles.attached.fails(with: failures)
                logger.log(level: isNews ? .error : .debug, "attached tables cannot be read: \(failures)")
            } else {
                troubles.attached.succeeds()
            }
            troubles.attachments.succeeds()
        } catch let error where error.code == .server {
            let isNews = troubles.attachments.fails(with: "\(error)")
            logger.log(
                level: isNews ? .error : .debug, "attached tables are not settled: \(error)",
                metadata: ["retry_in": "\(Self.retry)"])
            notBefore = .now + Self.retry
        }
    }
}
