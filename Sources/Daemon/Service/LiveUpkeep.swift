import Forecast
import Ingest
import Logging
import Postgres

/// Settles each UTC day once it is over: a few stations at a time between two turns, so that no forecast waits for long.
struct LiveUpkeep {
    /// Stations that are settled in one transaction: what arrives meanwhile waits for some 20 ms.
    private static let batch = 8
    /// After midnight: whoever wrote a reading before it has committed.
    private static let grace = "10 minutes"
    /// Between two looks at the clock, and after a failure.
    private static let every = Duration.seconds(600)

    private var due = ContinuousClock.now
    private var day: UTCHour?
    private var pending: ArraySlice<Int32> = []
    private var hasFailed = false

    /// Settles one batch of stations, where a day is over.
    ///
    /// - Returns: whether there is more to do at once.
    mutating func step(
        on connection: Connection, models: inout ActiveModels?, after trouble: inout Trouble, logger: Logger
    ) async throws -> Bool {
        guard !pending.isEmpty || ContinuousClock.now >= due, var serving = models.take() else { return false }
        defer { models = serving }
        do {
            if pending.isEmpty { try await begin(on: connection, policy: &serving.policy) }
            guard let day, !pending.isEmpty else { return false }
            let batch = Array(pending.prefix(Self.batch))
            let news = try await LiveDay.settle(batch, through: day, on: connection, models: &serving)
            pending = pending.dropFirst(batch.count)
            for line in news { logger.notice("\(line)") }
            trouble.succeeds()
            return !pending.isEmpty
        } catch let error as PostgresError where error.code == .server {
            let isNews = trouble.fails(with: "\(error)")
            logger.log(
                level: isNews ? .error : .debug, "days are not settled yet: \(error)",
                metadata: ["retry_in": "\(Self.every)"])
            hasFailed = true
            pending = []
            due = .now + Self.every
            return false
        }
    }

    private mutating func begin(on connection: Connection, policy: inout LivePolicy) async throws(PostgresError) {
        due = .now + Self.every
        let yesterday = try await connection.query(
            "SELECT date_trunc('day', clock_timestamp() - interval '\(Self.grace)', 'UTC') - interval '1 day'"
        ).single().decode(PostgresTimestamp.self, at: 0)
        let last = UTCHour(timestamp: yesterday.microsecondsSince2000)
        if last == day, !hasFailed { return }
        // What was in memory may be ahead of what was committed.
        if hasFailed { policy = try await LivePolicy.load(on: connection) }
        let stations = try await WindowLoader.stations(on: connection)
        pending = stations.filter { station in policy[station].map { $0.day < last } ?? true }[...]
        day = last
        hasFailed = false
    }
}
