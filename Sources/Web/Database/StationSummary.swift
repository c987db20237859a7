import Postgres

/// A concentration as the standard of the site names it.
struct AirQuality: Sendable {
    /// µg/m³.
    let pm25: Double
    let category: String
    /// nil for a standard without an index.
    let index: Int?
    let band: Int
    let colour: String
}

/// What the list shows of a station.
struct StationSummary: Sendable {
    struct Lead: Sendable {
        let pm25, lower80, upper80, lower95, upper95: Double
    }

    let station: StationID
    /// The NowCast of the last complete hour.
    let now: AirQuality?
    /// The newest observation of the last three days, with its age in hours.
    let newest: (air: AirQuality, age: Double)?
    /// The highest of the coming hours, and when, by the station's clock.
    let peak: (air: AirQuality, at: String, lead: Int)?
    /// The newest forecast; empty where there is none.
    let leads: [Lead]
    let isStale: Bool
    let model: String?
    let basis: String?
    let reason: String?
    /// Hours since when it has been silent, with the time by its clock.
    let silentSince: String?
    /// Hours since the origin of the newest forecast.
    let forecastAge: Double?
    let timeZone: String
    let latitude: Double?
    let longitude: Double?

    private static let sql = """
        WITH asked AS MATERIALIZED (
            SELECT station.id, station.name, asked.place, station.latitude, station.longitude,
                coalesce((
                    SELECT station.labels ->> 'time_zone'
                    WHERE station.labels ->> 'time_zone' = ANY ($4)
                ), $3) AS zone
            FROM unnest($1::integer[]) WITH ORDINALITY AS asked (id, place)
            JOIN hazecast.station USING (id)
        )
        SELECT asked.id, asked.name, asked.zone, asked.latitude, asked.longitude,
            now.pm25::float8, now_air.category, now_air.index, now_air.band, now_air.colour,
            seen.pm25::float8, extract(epoch FROM now() - seen.observed_at)::float8 / 3600, seen_air.category,
            seen_air.index, seen_air.band, seen_air.colour,
            peak.pm25::float8, to_char(peak.valid_at AT TIME ZONE asked.zone, 'Dy HH24:MI'), peak.lead,
            peak_air.category, peak_air.index, peak_air.band, peak_air.colour,
            ahead.pm25, ahead.lower80, ahead.upper80, ahead.lower95, ahead.upper95, ahead.stale, status.model,
            ahead.basis, status.reason,
            to_char(status.silent_since AT TIME ZONE asked.zone, 'Dy DD Mon HH24:MI'),
            extract(epoch FROM now() - ahead.origin)::float8 / 3600
        FROM asked
        LEFT JOIN LATERAL (
            SELECT min(f.origin) AS origin, bool_or(f.stale) AS stale, min(f.basis) AS basis,
                array_agg(coalesce(f.pm25, 'NaN') ORDER BY f.lead) AS pm25,
                array_agg(coalesce(f.lower80, 'NaN') ORDER BY f.lead) AS lower80,
                array_agg(coalesce(f.upper80, 'NaN') ORDER BY f.lead) AS upper80,
                array_agg(coalesce(f.lower95, 'NaN') ORDER BY f.lead) AS lower95,
                array_agg(coalesce(f.upper95, 'NaN') ORDER BY f.lead) AS upper95,
                array_agg(f.valid_at ORDER BY f.lead) AS valid_at
            FROM hazecast.latest_forecast AS f WHERE f.station = asked.name
        ) AS ahead ON ahead.origin IS NOT NULL
        LEFT JOIN LATERAL (
            SELECT each.pm25, each.valid_at, each.lead::integer
            FROM unnest(ahead.pm25, ahead.valid_at) WITH ORDINALITY AS each (pm25, valid_at, lead)
            WHERE NOT ahead.stale AND each.valid_at >= date_trunc('hour', now(), 'UTC')
            ORDER BY each.pm25 DESC, each.lead LIMIT 1
        ) AS peak ON true
        LEFT JOIN LATERAL (
            SELECT o.pm25, o.observed_at FROM hazecast.observation AS o
            WHERE o.station_id = asked.id AND o.observed_at > now() - interval '3 days' AND o.observed_at <= now()
            ORDER BY o.observed_at DESC LIMIT 1
        ) AS seen ON true
        LEFT JOIN LATERAL hazecast.nowcast(asked.name) AS now (pm25) ON true
        LEFT JOIN LATERAL hazecast.air_quality(now.pm25, $2) AS now_air ON true
        LEFT JOIN LATERAL hazecast.air_quality(seen.pm25, $2) AS seen_air ON true
        LEFT JOIN LATERAL hazecast.air_quality(peak.pm25, $2) AS peak_air ON true
        LEFT JOIN LATERAL (
            SELECT s.model, s.reason, s.silent_since FROM hazecast.status AS s
            WHERE s.kind = 'station' AND s.name = asked.name
            OFFSET 0 -- looks at one station instead of at all
        ) AS status ON true
        ORDER BY asked.place
        """

    /// Of some stations, in the order in which they are asked for; those that are gone are left out.
    static func load(
        _ stations: [StationID], _ settings: WebSettings, zones: [String], _ database: Database
    ) async throws(PostgresError) -> [StationSummary] {
        let rows = try await database.query(
            sql, [stations.map { Int32($0.id) }, settings.standard, settings.timeZone, zones])
        var summaries: [StationSummary] = []
        for row in rows { summaries.append(try StationSummary(row, settings.palette)) }
        return summaries
    }

    private init(_ row: Row, _ palette: Palette) throws(PostgresError) {
        func air(_ column: Int, from first: Int) throws(PostgresError) -> AirQuality? {
            guard let pm25 = try row.decode(Double?.self, at: column),
                let category = try row.decode(String?.self, at: first),
                let band = try row.decode(Int32?.self, at: first + 2)
            else { return nil }
            return AirQuality(
                pm25: pm25, category: category, index: try row.decode(Int32?.self, at: first + 1).map(Int.init),
                band: Int(band),
                colour: palette.colour(official: try row.decode(String?.self, at: first + 3), band: Int(band)))
        }
        func values(_ column: Int) throws(PostgresError) -> [Double] {
            (try row.decode([Float]?.self, at: column) ?? []).map(Double.init)
        }
        station = StationID(id: Int(try row.decode(Int32.self, at: 0)), name: try row.decode(String.self, at: 1))
        timeZone = try row.decode(String.self, at: 2)
        latitude = try row.decode(Double?.self, at: 3)
        longitude = try row.decode(Double?.self, at: 4)
        now = try air(5, from: 6)
        if let seen = try air(10, from: 12), let age = try row.decode(Double?.self, at: 11) {
            newest = (seen, age)
        } else {
            newest = nil
        }
        if let worst = try air(16, from: 19), let at = try row.decode(String?.self, at: 17),
            let lead = try row.decode(Int32?.self, at: 18)
        {
            peak = (worst, at, Int(lead))
        } else {
            peak = nil
        }
        let (pm25, lower80, upper80) = (try values(23), try values(24), try values(25))
        let (lower95, upper95) = (try values(26), try values(27))
        leads = pm25.indices.map {
            Lead(
                pm25: pm25[$0], lower80: lower80[$0], upper80: upper80[$0], lower95: lower95[$0], upper95: upper95[$0])
        }
        isStale = try row.decode(Bool?.self, at: 28) ?? true
        model = try row.decode(String?.self, at: 29)
        basis = try row.decode(String?.self, at: 30)
        reason = try row.decode(String?.self, at: 31)
        silentSince = try row.decode(String?.self, at: 32)
        forecastAge = try row.decode(Double?.self, at: 33)
    }
}
