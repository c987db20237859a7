import Forecast
import Ingest
import Postgres

/// What stands beside the models, as of the last day that was settled: by how much each station's bands are widened, and where
/// persistence serves instead of the model.
///
/// The newest rows of `hazecast.live_day`. Loaded once a session; `LiveUpkeep`, which alone writes them, keeps it up to date.
struct LivePolicy: Sendable {
    /// What is known of a station after a day.
    struct Station: Sendable {
        /// The hour that begins the last UTC day that was settled.
        let day: UTCHour
        /// The model that was judged.
        let model: Int32
        /// For the bands of whoever serves.
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

    /// Who forecasts a station: its model, or persistence instead of it.
    func issuer(of station: Int32, model: Int32) -> Int32 {
        guard let known = stations[station], known.model == model, known.persistence != nil else { return model }
        return Self.persistenceID
    }

    /// The forecast of a station whose issuer is persistence.
    func persistence(of station: Int32, at window: Window) -> Forecast {
        guard let persistence = stations[station]?.persistence else { preconditionFailure("a model forecasts it") }
        return persistence.forecast(window)
    }

    /// Makes a forecast's bands as wide as they have to be; what was learnt of another issuer's bands does not apply.
    func adapt(_ forecast: ForecastRow, of station: Int32, issuedBy issuer: Int32) {
        guard let known = stations[station], issuer == (known.persistence == nil ? known.model : Self.persistenceID)
        else {
            return
        }
        known.bands.apply(to: forecast)
    }

    /// What the database has of every station.
    static func load(on connection: Connection) async throws(PostgresError) -> LivePolicy {
        let rows = try await connection.query(
            """
            SELECT station.id, d.day::timestamp AT TIME ZONE 'UTC', d.model_id, d.factors80, d.factors95, d.changes,
                d.since::timestamp AT TIME ZONE 'UTC'
            FROM hazecast.station CROSS JOIN LATERAL (
                SELECT * FROM hazecast.live_day WHERE live_day.station_id = station.id ORDER BY day DESC LIMIT 1
            ) AS d
            """, timeout: .seconds(300))
        var policy = LivePolicy()
        for row in rows {
            policy[try row.decode(Int32.self, at: 0)] = Station(
                day: UTCHour(timestamp: try row.decode(PostgresTimestamp.self, at: 1).microsecondsSince2000),
                model: try row.decode(Int32.self, at: 2),
                bands: AdaptiveBands(
                    factors80: try row.decode([Float].self, at: 3), factors95: try row.decode([Float].self, at: 4)),
                persistence: try row.decode([Float]?.self, at: 5).map(Persistence.init(changes:)),
                since: UTCHour(timestamp: try row.decode(PostgresTimestamp.self, at: 6).microsecondsSince2000))
        }
        return policy
    }
}
