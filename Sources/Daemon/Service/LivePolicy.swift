import Forecast
import Ingest
import Postgres

/// What a forecast takes from the past beyond its window, as of the last day that was settled: the station's memory, the factors
/// of its changes and bands, and where persistence serves instead of the model.
///
/// The newest rows of `hazecast.live_day`. Loaded once a session; `LiveUpkeep`, which alone writes them, keeps it up to date.
struct LivePolicy: Sendable {
    /// What is known of a station after a day.
    struct Station: Sendable {
        /// The hour that begins the last UTC day that was settled.
        let day: UTCHour
        /// The model that was judged.
        let model: Int32
        /// What the days up to `day` say of the station; nil where there are too few.
        let memory: StationMemory?
        /// For the changes that `model` forecasts, one for each lead.
        let factors: [Float]
        /// For the bands of the model, or of persistence where it serves.
        let bands: AdaptiveBands
        /// Nil where the model serves.
        let persistence: Persistence?
        /// The hour that begins the day after which that has been so.
        let since: UTCHour
    }

    /// `hazecast.model.id` of what persistence issues.
    static let persistenceID: Int32 = 0

    private var stations: [Int32: Station] = [:]

    subscript(station: Int32) -> Station? {
        get { stations[station] }
        set { stations[station] = newValue }
    }

    /// The newest row of every station, where nothing that came before the station was moved or replaced.
    static func load(on connection: Connection) async throws(PostgresError) -> LivePolicy {
        let rows = try await connection.query(
            """
            SELECT \(columns)
            FROM hazecast.station CROSS JOIN LATERAL (
                SELECT * FROM hazecast.live_day
                WHERE live_day.station_id = station.id ORDER BY day DESC LIMIT 1
            ) AS d
            WHERE station.forgotten_at IS NULL OR d.settled_at >= station.forgotten_at
            """, timeout: .seconds(300))
        var policy = LivePolicy()
        for row in rows { policy[try row.decode(Int32.self, at: 0)] = try Station(row) }
        return policy
    }

    /// Rows of certain days.
    ///
    /// - Parameter days: UTC days since 1970 by station.
    static func load(
        _ days: [(station: Int32, day: Int32)], on connection: Connection
    ) async throws(PostgresError) -> [Int32: Station] {
        if days.isEmpty { return [:] }
        let rows = try await connection.query(
            """
            SELECT \(columns)
            FROM unnest($1::integer[], $2::integer[]) AS station (id, days)
            JOIN hazecast.live_day AS d ON d.station_id = station.id AND d.day = '1970-01-01'::date + station.days
            """, [days.map(\.station), days.map(\.day)], timeout: .seconds(300))
        var stations: [Int32: Station] = [:]
        for row in rows { stations[try row.decode(Int32.self, at: 0)] = try Station(row) }
        return stations
    }

    fileprivate static let columns = """
        station.id, d.day::timestamp AT TIME ZONE 'UTC', d.model_id, d.factors80, d.factors95, d.changes,
        d.since::timestamp AT TIME ZONE 'UTC', d.change_factors, d.memory
        """
}

extension LivePolicy.Station {
    /// A row of `LivePolicy.columns`.
    fileprivate init(_ row: Row) throws(PostgresError) {
        self.init(
            day: UTCHour(timestamp: try row.decode(PostgresTimestamp.self, at: 1).microsecondsSince2000),
            model: try row.decode(Int32.self, at: 2),
            memory: try row.decode([Float]?.self, at: 8).map(StationMemory.init(values:)),
            factors: try row.decode([Float].self, at: 7),
            bands: AdaptiveBands(
                factors80: try row.decode([Float].self, at: 3), factors95: try row.decode([Float].self, at: 4)),
            persistence: try row.decode([Float]?.self, at: 5).map(Persistence.init(changes:)),
            since: UTCHour(timestamp: try row.decode(PostgresTimestamp.self, at: 6).microsecondsSince2000))
    }

    /// UTC days since 1970 of `day`.
    var number: Int32 { Int32(day.day) }
}
