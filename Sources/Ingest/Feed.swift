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
        /// All readings of these transactions, where there are few; else `read` has them.
        public var readings: [Reading]?

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

        fileprivate init(
            station: Int32, microseconds: Int64, received: Int64, _ value: (_ measure: Int) -> Float?
        ) {
            var present: UInt8 = 0
            func measure(_ number: Int) -> Float {
                guard let value = value(number) else { return .nan }
                present |= 1 << UInt8(number)
                return value
            }
            self.station = station
            hour = UTCHour(timestamp: microseconds)
            measures = Measures(
                pm25: measure(0), dewPoint: measure(1), temperature: measure(2), pressure: measure(3),
                windDirection: measure(4), windSpeed: measure(5))
            self.present = present
            observedAt = PostgresTimestamp(microsecondsSince2000: microseconds)
            receivedAt = PostgresTimestamp(microsecondsSince2000: received)
        }

        /// From a row of `columns`.
        fileprivate init(_ row: inout BinaryCopyReader.Row) {
            let station = row.int32() ?? 0
            let microseconds = row.int64() ?? 0
            let values = (row.float(), row.float(), row.float(), row.float(), row.float(), row.float())
            self.init(station: station, microseconds: microseconds, received: row.int64() ?? 0) { number in
                switch number {
                case 0: values.0
                case 1: values.1
                case 2: values.2
                case 3: values.3
                case 4: values.4
                default: values.5
                }
            }
        }
    }

    /// What a look at the database found.
    public struct Poll: Sendable {
        /// Whether an arrival waits.
        public let isWaiting: Bool
        /// The database's present.
        public let now: UTCHour
    }

    /// Whether anything waits; one cheap statement outside of any transaction.
    public static func poll(on connection: Connection) async throws(PostgresError) -> Poll {
        let row = try await connection.query(
            """
            SELECT EXISTS (SELECT FROM hazecast.arrival), clock_timestamp()
            """
        ).single()
        let now = try row.decode(PostgresTimestamp.self, at: 1)
        return Poll(
            isWaiting: try row.decode(Bool.self, at: 0), now: UTCHour(timestamp: now.microsecondsSince2000))
    }

    /// Arrivals that one transaction takes at most: a backlog is worked off in steps that each commit.
    private static let arrivalsAtOnce = 10_000

    /// Transactions that one statement asks for: each is looked for in every partition.
    private static let writersAtOnce = 1_000

    /// Readings that come with the claim itself.
    private static let readingsAtOnce = 1_000

    /// What `decode` expects first in every row.
    static let columns =
        "station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed, received_at"

    /// How many these are.
    static let columnCount = 9

    /// Takes committed arrivals, the oldest first and at most ten thousand, and the readings of a small claim with them: for the
    /// first statements of a transaction, one behind the other. `claim(in:)` has what they answer.
    ///
    /// - Parameter others: scalar expressions for whatever else is to be known; the first answer has them as its first columns.
    public static func claiming(and others: String) -> [Statement] {
        [
            Statement(
                """
                WITH oldest AS (
                    SELECT written_by, reload FROM hazecast.arrival ORDER BY written_by, reload LIMIT \(arrivalsAtOnce)
                ), claimed AS (
                    DELETE FROM hazecast.arrival AS a USING oldest
                    WHERE a.written_by = oldest.written_by AND a.reload = oldest.reload
                    RETURNING a.written_by, a.reload, a.near
                ), claim AS (
                    SELECT coalesce(array_agg(DISTINCT written_by) FILTER (WHERE NOT reload), '{}') AS writers,
                        coalesce(bool_or(reload), false) AS reload,
                        extract(epoch FROM min(coalesce(near, '-infinity')) - interval '745 hours') AS first,
                        extract(epoch FROM max(coalesce(near, 'infinity')) + interval '745 hours') AS last
                    FROM claimed
                )
                SELECT \(others), writers, reload, set_config('hazecast.claimed_first', coalesce(first, 'Infinity')::text, true),
                    set_config('hazecast.claimed_last', coalesce(last, '-Infinity')::text, true), set_config(
                    'hazecast.claimed', CASE WHEN cardinality(writers) <= \(writersAtOnce) THEN writers ELSE '{}' END::text, true),
                    set_config('enable_sort', 'off', true)
                FROM claim
                """),
            // A subquery, so that the list is read once and not in every partition. The order leaves the planner one index: by the
            // primary key it would need a sort, and has no statistics that tell how many hours are claimed.
            Statement(
                """
                SELECT \(columns) FROM hazecast.reading
                WHERE written_by = ANY ((SELECT current_setting('hazecast.claimed')::xid8[])::xid8[]) AND \(isClaimedHour)
                ORDER BY written_by LIMIT \(readingsAtOnce + 1)
                """),
        ]
    }

    /// A condition on `observed_at`: the hours that the readings of a claim may have, from what `near` says. It keeps the look for them
    /// out of the partitions of other hours. Seconds, because a `timestamptz` takes three times as long to read, twice a row.
    private static let isClaimedHour = """
        observed_at BETWEEN to_timestamp(current_setting('hazecast.claimed_first')::double precision)
            AND to_timestamp(current_setting('hazecast.claimed_last')::double precision)
        """

    /// A claim, with its readings where there are few.
    ///
    /// - Parameter others: how many expressions were asked for besides.
    public static func claim(in answers: [Rows], after others: Int) throws(PostgresError) -> Claim {
        guard let first = answers.first, let readings = answers.last else {
            preconditionFailure("answers to `claiming`")
        }
        let row = try first.single()
        let writers = try row.decode([TransactionID].self, at: others)
        let isWhole = writers.count <= writersAtOnce && readings.count <= readingsAtOnce
        return Claim(
            writers: writers, reload: try row.decode(Bool.self, at: others + 1),
            readings: isWhole ? try decode(readings) : nil)
    }

    /// Readings that `read` hands on at once.
    private static let batch = 1_024

    /// Hands on every reading of a claim that does not have them, batch by batch, in no particular order.
    ///
    /// - Parameter take: called on the connection's thread, while the server goes on reading.
    public static func read(
        _ claim: Claim, on connection: Connection, _ take: @escaping @Sendable ([Reading]) -> Void
    ) async throws {
        for start in stride(from: 0, to: claim.writers.count, by: writersAtOnce) {
            let writers = claim.writers[start..<min(start + writersAtOnce, claim.writers.count)]
            let list = writers.map { String($0.value) }.joined(separator: ",")
            let rest = try await connection.copyOut(
                """
                COPY (SELECT \(columns) FROM hazecast.reading WHERE written_by = ANY ('{\(list)}'::xid8[]))
                TO STDOUT (FORMAT binary)
                """, timeout: .seconds(300), into: (reader: BinaryCopyReader(), readings: [Reading]())
            ) { state, message in
                state.reader.read(message) { state.readings.append(Reading(&$0)) }
                if state.readings.count < batch { return }
                take(state.readings)
                state.readings.removeAll(keepingCapacity: true)
            }
            take(rest.readings)
        }
    }

    /// The readings in rows that begin with `columns`.
    static func decode(_ rows: Rows) throws(PostgresError) -> [Reading] {
        var readings: [Reading] = []
        readings.reserveCapacity(rows.count)
        for row in 0..<rows.count { readings.append(reading(rows, row)) }
        return readings
    }

    /// The reading in one of them.
    static func reading(_ rows: Rows, _ row: Int) -> Reading {
        Reading(station: rows.int32(row, 0), microseconds: rows.int64(row, 1), received: rows.int64(row, 8)) {
            rows.isNull(row, 2 + $0) ? nil : rows.float(row, 2 + $0)
        }
    }

    /// The hour of one of them.
    static func hour(_ rows: Rows, _ row: Int) -> UTCHour { UTCHour(timestamp: rows.int64(row, 1)) }
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
