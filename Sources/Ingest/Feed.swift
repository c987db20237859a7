public import Forecast
public import Postgres

/// The feed: what writers left in `hazecast.arrival` for the daemon.
///
/// Every function runs inside the transaction that commits the forecasts, so that a claim and what was made of it stand
/// or fall together.
public enum Feed {
    /// Arrivals that were taken out of the feed.
    public struct Claim: Sendable {
        /// The transactions whose readings have to be considered.
        public var writers: [TransactionID]
        /// Whether readings went away or changed their key, so that every station has to be considered.
        public var reload: Bool

        /// Whether there is nothing to do.
        public var isEmpty: Bool { writers.isEmpty && !reload }
    }

    /// One row of `hazecast.reading`.
    public struct Reading: Sendable {
        /// `hazecast.station.id`.
        public var station: Int32
        /// The hour that `observed_at` begins.
        public var hour: UTCHour
        /// As sent; missing where NULL.
        public var measures: Measures
        /// Bit n is set where the measure's column n is not NULL.
        public var present: UInt8
        /// As the database has it: `hour` cannot hold all of it.
        public var observedAt: PostgresTimestamp
        /// When its PM2.5 was first there.
        public var receivedAt: PostgresTimestamp
    }

    /// What a look at the database found.
    public struct Poll: Sendable {
        /// Whether an arrival waits.
        public let isWaiting: Bool
        /// The database's present.
        public let now: UTCHour
        /// Whether any table is attached.
        public let hasAttachments: Bool
        /// Whether an attached table has something to settle.
        public let isAttachmentDue: Bool
    }

    /// Whether anything waits; one cheap statement outside of any transaction.
    public static func poll(on connection: Connection) async throws(PostgresError) -> Poll {
        let row = try await connection.query(
            """
            SELECT EXISTS (SELECT FROM hazecast.arrival), clock_timestamp(), EXISTS (SELECT FROM hazecast.attachment),
                EXISTS (
                    SELECT FROM hazecast.attachment WHERE hazecast.attachment_is_due(attachment, clock_timestamp())
                )
            """
        ).single()
        let now = try row.decode(PostgresTimestamp.self, at: 1)
        return Poll(
            isWaiting: try row.decode(Bool.self, at: 0), now: UTCHour(timestamp: now.microsecondsSince2000),
            hasAttachments: try row.decode(Bool.self, at: 2), isAttachmentDue: try row.decode(Bool.self, at: 3))
    }

    /// Arrivals that one transaction takes at most: a backlog is worked off in steps that each commit.
    private static let arrivalsAtOnce = 10_000

    /// Takes committed arrivals, the oldest first and at most ten thousand.
    public static func claim(on connection: Connection) async throws(PostgresError) -> Claim {
        let rows = try await connection.query(
            """
            WITH oldest AS (
                SELECT written_by, reload FROM hazecast.arrival ORDER BY written_by, reload LIMIT $1
            ), claimed AS (
                DELETE FROM hazecast.arrival AS a USING oldest
                WHERE a.written_by = oldest.written_by AND a.reload = oldest.reload
                RETURNING a.written_by, a.reload
            )
            SELECT coalesce(array_agg(DISTINCT written_by) FILTER (WHERE NOT reload), '{}'), coalesce(bool_or(reload), false)
            FROM claimed
            """, [Int64(arrivalsAtOnce)], timeout: .seconds(300))
        let row = try rows.single()
        return Claim(
            writers: try row.decode([TransactionID].self, at: 0), reload: try row.decode(Bool.self, at: 1))
    }

    /// What `decode` expects first in every row.
    static let columns =
        "station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed, received_at"

    /// Transactions that one statement asks for: each is looked for in every partition.
    private static let writersAtOnce = 1_000

    /// Rows of the usual claim, an hour of every station of a large network, that are fetched at once.
    private static let rowsAtOnce = 20_000

    /// Hands on every reading of a claim in batches of bounded size, in no particular order.
    ///
    /// - Parameter body: called with each batch; it must not use the connection.
    public static func readings(
        of claim: Claim, on connection: Connection, _ body: ([Reading]) -> Void
    ) async throws(PostgresError) {
        for start in stride(from: 0, to: claim.writers.count, by: writersAtOnce) {
            let writers = Array(claim.writers[start..<min(start + writersAtOnce, claim.writers.count)])
            let rows = try await connection.query(
                "SELECT \(columns) FROM hazecast.reading WHERE written_by = ANY($1) LIMIT \(rowsAtOnce + 1)", [writers],
                timeout: .seconds(300))
            if rows.count <= rowsAtOnce {
                body(try decode(rows))
            } else {
                try await readByCursor(writers, on: connection, body)
            }
        }
    }

    /// A bulk import: a cursor keeps memory bounded whatever was written in one transaction.
    private static func readByCursor(
        _ writers: [TransactionID], on connection: Connection, _ body: ([Reading]) -> Void
    ) async throws(PostgresError) {
        try await connection.query(
            "SELECT set_config('hazecast.claimed', $1, true)",
            ["{" + writers.map { String($0.value) }.joined(separator: ",") + "}"])
        // A subquery, because a cast in the condition would be evaluated again for every row.
        try await connection.run(
            script: """
                DECLARE claimed NO SCROLL CURSOR FOR SELECT \(columns) FROM hazecast.reading
                WHERE written_by IN (SELECT unnest(current_setting('hazecast.claimed')::xid8[]))
                """)
        while true {
            let rows = try await connection.query("FETCH \(rowsAtOnce) FROM claimed", timeout: .seconds(300))
            if rows.isEmpty { break }
            body(try decode(rows))
        }
        try await connection.run(script: "CLOSE claimed")
    }

    /// The readings in rows that begin with `columns`.
    static func decode(_ rows: Rows) throws(PostgresError) -> [Reading] {
        var readings: [Reading] = []
        readings.reserveCapacity(rows.count)
        for row in 0..<rows.count {
            var present: UInt8 = 0
            func value(_ measure: Int) -> Float {
                if rows.isNull(row, 2 + measure) { return .nan }
                present |= 1 << UInt8(measure)
                return rows.float(row, 2 + measure)
            }
            let measures = Measures(
                pm25: value(0), dewPoint: value(1), temperature: value(2), pressure: value(3),
                windDirection: value(4), windSpeed: value(5))
            readings.append(
                Reading(
                    station: rows.int32(row, 0), hour: UTCHour(timestamp: rows.int64(row, 1)), measures: measures,
                    present: present, observedAt: PostgresTimestamp(microsecondsSince2000: rows.int64(row, 1)),
                    receivedAt: PostgresTimestamp(microsecondsSince2000: rows.int64(row, 8))))
        }
        return readings
    }
}

extension UTCHour {
    /// The hour of a `timestamptz` as PostgreSQL sends it, in µs since 2000-01-01T00:00Z; hours that are beyond what
    /// 32 bits hold, ±infinity included, become the nearest that they do.
    public init(timestamp microseconds: Int64) {
        let hours = microseconds.quotientAndRemainder(dividingBy: 3_600_000_000).quotient
        self.init(hoursSinceEpoch: Int32(clamping: hours + 262_968))
    }

    /// As a bound `timestamptz`.
    public var timestamp: PostgresTimestamp {
        PostgresTimestamp(microsecondsSince2000: (Int64(hoursSinceEpoch) - 262_968) * 3_600_000_000)
    }
}
