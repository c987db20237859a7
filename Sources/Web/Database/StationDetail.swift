import Postgres

/// What the page of a station shows beside its summary.
struct StationDetail: Sendable {
    /// An hour that has been observed, or should have been.
    struct Reading: Sendable {
        let hour: Hour
        /// µg/m³; NaN where there is none that counts.
        let pm25: Double
        let flags: String?
        let temperature, dewPoint, pressure, windSpeed, windDirection: Double?
    }

    /// An hour that is forecast.
    struct Lead: Sendable {
        let lead: Int
        let hour: Hour
        let pm25, lower80, upper80, lower95, upper95: Double
        let air: AirQuality?
    }

    struct Hour: Sendable {
        let secondsSinceEpoch: Double
        /// By the station's clock, such as `Tue 01 Dec 04:00`.
        let text: String
        /// Without the date, such as `Tue 04:00`.
        var short: String { String(text.prefix(4) + text.suffix(5)) }
        /// Of the day by the station's clock.
        let ofDay: Int
        /// In UTC, such as `2026-12-01T04:00:00Z`.
        let utc: String
    }

    let readings: [Reading]
    let leads: [Lead]
    /// What the forecast of a day ago said.
    let yesterday: [(seconds: Double, pm25: Double)]

    private static func columns(_ column: String, _ zone: String) -> String {
        """
        extract(epoch FROM \(column))::float8, to_char(\(column) AT TIME ZONE \(zone), 'Dy DD Mon HH24:MI'),
        extract(hour FROM \(column) AT TIME ZONE \(zone))::integer,
        to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        """
    }

    static func load(
        _ summary: StationSummary, _ settings: WebSettings, _ database: Database
    ) async throws(PostgresError) -> StationDetail {
        let name = summary.station.name
        let readings = try await database.query(
            """
            SELECT \(columns("r.observed_at", "$2")), o.pm25,
                (
                    SELECT string_agg(f.measure || ' ' || replace(f.flag, '_', ' '), ', ' ORDER BY f.measure, f.flag)
                    FROM hazecast.reading_flag AS f
                    WHERE f.station_id = r.station_id AND f.observed_at = r.observed_at
                ),
                r.temperature, r.dew_point, r.pressure, r.wind_speed, r.wind_direction
            FROM hazecast.reading AS r
            LEFT JOIN hazecast.observation AS o
                ON o.station_id = r.station_id AND o.observed_at = r.observed_at
                    AND o.observed_at > now() - interval '73 hours' AND o.observed_at <= now()
            WHERE r.station_id = $1 AND r.observed_at > now() - interval '73 hours' AND r.observed_at <= now()
            ORDER BY r.observed_at
            """, [Int32(summary.station.id), summary.timeZone])
        let leads = try await database.query(
            """
            SELECT \(columns("f.valid_at", "$2")), f.lead, f.pm25, f.lower80, f.upper80, f.lower95, f.upper95,
                air.category, air.index, air.band, air.colour
            FROM hazecast.latest_forecast AS f
            CROSS JOIN LATERAL hazecast.air_quality(f.pm25, $3) AS air
            WHERE f.station = $1 ORDER BY f.lead
            """, [name, summary.timeZone, settings.standard])
        let yesterday = try await database.query(
            """
            SELECT extract(epoch FROM valid_at)::float8, pm25 FROM hazecast.forecast_as_of(now() - interval '24 hours')
            WHERE station = $1 AND NOT stale ORDER BY lead
            """, [name])
        var detail = (readings: [Reading](), leads: [Lead](), yesterday: [(seconds: Double, pm25: Double)]())
        for row in readings {
            detail.readings.append(
                Reading(
                    hour: try Hour(row, at: 0), pm25: try value(row, 4) ?? .nan,
                    flags: try row.decode(String?.self, at: 5), temperature: try value(row, 6),
                    dewPoint: try value(row, 7), pressure: try value(row, 8), windSpeed: try value(row, 9),
                    windDirection: try value(row, 10)))
        }
        for row in leads {
            let pm25 = try value(row, 5) ?? .nan
            var air: AirQuality?
            if let category = try row.decode(String?.self, at: 10), let band = try row.decode(Int32?.self, at: 12) {
                air = AirQuality(
                    pm25: pm25, category: category, index: try row.decode(Int32?.self, at: 11).map(Int.init),
                    band: Int(band),
                    colour: settings.palette.colour(official: try row.decode(String?.self, at: 13), band: Int(band)))
            }
            detail.leads.append(
                Lead(
                    lead: Int(try row.decode(Int32.self, at: 4)), hour: try Hour(row, at: 0), pm25: pm25,
                    lower80: try value(row, 6) ?? .nan, upper80: try value(row, 7) ?? .nan,
                    lower95: try value(row, 8) ?? .nan, upper95: try value(row, 9) ?? .nan, air: air))
        }
        for row in yesterday {
            detail.yesterday.append((try row.decode(Double.self, at: 0), try value(row, 1) ?? .nan))
        }
        return StationDetail(readings: detail.readings, leads: detail.leads, yesterday: detail.yesterday)
    }

    private static func value(_ row: Row, _ column: Int) throws(PostgresError) -> Double? {
        try row.decode(Float?.self, at: column).map(Double.init)
    }
}

extension StationDetail.Hour {
    fileprivate init(_ row: Row, at column: Int) throws(PostgresError) {
        secondsSinceEpoch = try row.decode(Double.self, at: column)
        text = try row.decode(String.self, at: column + 1)
        ofDay = Int(try row.decode(Int32.self, at: column + 2))
        utc = try row.decode(String.self, at: column + 3)
    }
}

/// A band of the site's standard.
struct Category: Sendable {
    let band: Int
    let name: String
    let colour: String
    /// µg/m³; the first begins at 0, the last ends nowhere.
    let from: Double
    let to: Double

    /// The bands of a standard, with neighbours of one name as one.
    ///
    /// - Throws: `WebError` for an unknown standard.
    static func load(_ settings: WebSettings, _ database: Database) async throws -> [Category] {
        let rows = try await database.query(
            """
            SELECT min(band), category, min(colour), max(pm25_high)::float8
            FROM hazecast.air_quality_breakpoint WHERE standard = $1 GROUP BY category ORDER BY min(band)
            """, [settings.standard])
        guard !rows.isEmpty else { throw WebError("there is no air-quality standard '\(settings.standard)'") }
        var categories: [Category] = []
        for row in rows {
            let band = Int(try row.decode(Int32.self, at: 0))
            categories.append(
                Category(
                    band: band, name: try row.decode(String.self, at: 1),
                    colour: settings.palette.colour(official: try row.decode(String?.self, at: 2), band: band),
                    from: categories.last?.to ?? 0,
                    to: categories.count + 1 == rows.count ? .infinity : try row.decode(Double.self, at: 3)))
        }
        return categories
    }
}
