import Forecast
import Ingest
import Postgres

/// The memories of stations as of the end of one UTC day, from the sums of the last 30 days in `hazecast.day_sums`.
///
/// A day's sums are written once, when the day is settled, and never change; a late reading reaches only days to come.
struct DayMemory {
    let connection: Connection
    /// The hour that begins the day.
    let begin: UTCHour

    /// Writes the day's sums and adds up those of the days before.
    ///
    /// - Parameter stations: with the last of their days that was settled; the sums of the days since then, at most 30, are
    ///   written too.
    /// - Returns: the memories; none of a station of which too little is known.
    func settle(
        _ stations: [(station: Int32, settled: UTCHour?)]
    ) async throws(PostgresError) -> [Int32: StationMemory] {
        let unsettled = Dictionary(grouping: stations) { station in
            min(StationMemory.days, station.settled.map { $0.distance(to: begin) / 24 } ?? StationMemory.days)
        }
        for (days, group) in unsettled.sorted(by: { $0.key < $1.key }) {
            try await write(group.map(\.station), days: days)
        }
        let rows = try await connection.query(
            """
            SELECT station_id, squared_changes, pairs, pm25_sum, hours, deviations
            FROM hazecast.day_sums JOIN hazecast.station ON station.id = station_id
            WHERE station_id = ANY($1) AND day <= ($2 AT TIME ZONE 'UTC')::date
                AND day > ($2 AT TIME ZONE 'UTC')::date - $3::integer
                AND (known_since IS NULL OR day >= (known_since AT TIME ZONE 'UTC')::date)
            ORDER BY station_id, day
            """, [stations.map(\.station), begin.timestamp, Int32(StationMemory.days)], timeout: .seconds(300))
        var days: [Int32: [DaySums]] = [:]
        for (index, row) in rows.enumerated() {
            days[rows.int32(index, 0), default: []].append(try DaySums(row))
        }
        return days.compactMapValues(StationMemory.init(adding:))
    }

    /// Drops sums that no memory can need.
    static func drop(_ stations: [Int32], before: UTCHour, on connection: Connection) async throws(PostgresError) {
        try await connection.query(
            "DELETE FROM hazecast.day_sums WHERE station_id = ANY($1) AND day < ($2 AT TIME ZONE 'UTC')::date",
            [stations, before.timestamp])
    }

    /// Writes the sums of the last days up to this one, those that are not there yet.
    private func write(_ stations: [Int32], days: Int) async throws(PostgresError) {
        if stations.isEmpty { return }
        let first = begin.advanced(by: 24 * (1 - days))
        let start = first.advanced(by: -24)
        let rows = try await connection.query(
            """
            SELECT station_id, observed_at, pm25
            FROM hazecast.observation JOIN hazecast.station ON station.id = station_id
            WHERE station_id = ANY($1) AND observed_at >= $2 AND observed_at < $3
                AND pm25 IS NOT NULL AND (known_since IS NULL OR observed_at >= known_since)
            """, [stations, start.timestamp, begin.advanced(by: 24).timestamp], timeout: .seconds(300))
        var readings: [Int32: [Float]] = [:]
        let hours = 24 * (days + 1)
        for row in 0..<rows.count {
            let hour = start.distance(to: UTCHour(timestamp: rows.int64(row, 1)))
            readings[rows.int32(row, 0), default: Array(repeating: .nan, count: hours)][hour] = rows.float(row, 2)
        }
        var statements: [Statement] = []
        for (station, pm25) in readings.sorted(by: { $0.key < $1.key }) {
            for day in 0..<days {
                let sums = DaySums(of: pm25[day * 24..<day * 24 + 48])
                if sums.count == 0 { continue }
                statements.append(Self.insert(sums, of: station, begin: first.advanced(by: 24 * day)))
            }
        }
        try await connection.pipeline(statements, timeout: .seconds(300))
    }

    private static func insert(_ sums: DaySums, of station: Int32, begin: UTCHour) -> Statement {
        Statement(
            """
            INSERT INTO hazecast.day_sums (station_id, day, squared_changes, pairs, pm25_sum, hours, deviations)
            VALUES ($1, ($2 AT TIME ZONE 'UTC')::date, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """,
            [
                station, begin.timestamp, (0..<4).map { sums.squaredChanges[$0] }, (0..<4).map { sums.pairs[$0] },
                sums.sum, sums.count, sums.deviations,
            ])
    }
}

extension DaySums {
    /// A row of station, squared changes, pairs, sum, hours and deviations.
    fileprivate init(_ row: Row) throws(PostgresError) {
        self.init()
        let (squares, counts) = (try row.decode([Float].self, at: 1), try row.decode([Int32].self, at: 2))
        for lag in 0..<4 { (squaredChanges[lag], pairs[lag]) = (squares[lag], counts[lag]) }
        sum = try row.decode(Float.self, at: 3)
        count = try row.decode(Int32.self, at: 4)
        deviations = try row.decode([Float].self, at: 5)
    }
}
