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
    /// After windows were loaded anew: an import comes in many transactions.
    private static let soon = Duration.seconds(5)
    /// Hours of PM2.5 that a station must have before a day of it is settled.
    private static let leastHistory = 72

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

    /// Settles soon what a backfill has left at stations that have no settled day.
    mutating func lookForHistory() { due = min(due, .now + Self.soon) }

    private mutating func begin(on connection: Connection, policy: inout LivePolicy) async throws(PostgresError) {
        due = .now + Self.every
        guard let last = try await lastDayOver(on: connection) else { return }
        if last == day, !hasFailed {
            pending = try await newcomers(on: connection, policy: policy)[...]
            return
        }
        // What was in memory may be ahead of what was committed.
        if hasFailed { policy = try await LivePolicy.load(on: connection) }
        let stations = try await WindowLoader.stations(on: connection)
        pending = stations.filter { station in policy[station].map { $0.day < last } ?? true }[...]
        day = last
        hasFailed = false
    }

    /// The last day that is over by the server's clock and has a reading after it, so that a clock which is ahead for a while
    /// settles no day that has not been; nil where the last days have no readings.
    private func lastDayOver(on connection: Connection) async throws(PostgresError) -> UTCHour? {
        let rows = try await connection.query(
            """
            SELECT day
            FROM (SELECT date_trunc('day', clock_timestamp() - interval '\(Self.grace)', 'UTC')) AS clock (today)
            CROSS JOIN LATERAL generate_series(1, \(LiveDay.mostBehind)) AS days
            CROSS JOIN LATERAL (SELECT today - days * interval '24 hours') AS past (day)
            WHERE EXISTS (
                SELECT FROM hazecast.station CROSS JOIN LATERAL (
                    SELECT FROM hazecast.reading
                    WHERE station_id = station.id
                        AND observed_at >= day + interval '24 hours' AND observed_at < day + interval '48 hours'
                    LIMIT 1 -- keeps it a probe by station: readings have no index of their hours alone
                ) AS later
            )
            ORDER BY day DESC
            LIMIT 1
            """, timeout: .seconds(300))
        return try rows.first.map { row throws(PostgresError) in
            UTCHour(timestamp: try row.decode(PostgresTimestamp.self, at: 0).microsecondsSince2000)
        }
    }

    /// Stations without a settled day whose readings are enough for a memory.
    private func newcomers(
        on connection: Connection, policy: LivePolicy
    ) async throws(PostgresError) -> [Int32] {
        let unsettled = try await WindowLoader.stations(on: connection).filter { policy[$0] == nil }
        if unsettled.isEmpty { return [] }
        let rows = try await connection.query(
            """
            SELECT id FROM unnest($1::integer[]) AS station (id)
            WHERE (
                SELECT count(*) FROM (
                    SELECT FROM hazecast.reading
                    WHERE station_id = id AND pm25 IS NOT NULL
                        AND observed_at >= now() - interval '31 days' AND observed_at < date_trunc('day', now(), 'UTC')
                    LIMIT $2
                ) AS hours
            ) = $2
            ORDER BY id
            """, [unsettled, Int64(Self.leastHistory)], timeout: .seconds(300))
        return (0..<rows.count).map { rows.int32($0, 0) }
    }
}
