public import Forecast
public import Postgres

/// What a station has read, as training sees it.
public enum StationHistory {
    /// A station by its name.
    ///
    /// - Returns: `hazecast.station.id`; nil where there is no such station.
    public static func station(
        named name: String, on connection: Connection
    ) async throws(PostgresError) -> Int32? {
        let rows = try await connection.query("SELECT id FROM hazecast.station WHERE name = $1", [name])
        return rows.isEmpty ? nil : rows.int32(0, 0)
    }

    /// A station's readings, an entry for every hour from the first to the last, missing where there is none.
    ///
    /// Values that no window would take are missing as well: those that quality control flags, and hours before 2000 or
    /// ahead of the clock. The readings are one statement, and so one snapshot; nothing stays open when it returns.
    ///
    /// - Parameter since: the first hour wanted; all of them by default.
    /// - Returns: the series with the station's coordinates, 24 bytes an hour; nil where there is no such reading.
    public static func series(
        of station: Int32, since: UTCHour = QualityControl.firstHour, on connection: Connection
    ) async throws(PostgresError) -> HourlySeries? {
        let rules = try await QualityRules.load(on: connection)
        let since = max(since, QualityControl.firstHour)
        let rows = try await connection.query(
            """
            SELECT \(Feed.columns), latitude, longitude
            FROM hazecast.reading JOIN hazecast.station ON station.id = station_id
            WHERE station_id = $1 AND (known_since IS NULL OR observed_at >= known_since)
                AND observed_at BETWEEN $2 AND now() + make_interval(hours => $3)
            """,
            [
                station, max(since.advanced(by: -rules.lookBack), QualityControl.firstHour).timestamp,
                Int32(QualityControl.hoursAhead),
            ], timeout: .seconds(300))
        let readings = try Feed.decode(rows).map { reading in
            var reading = reading
            QualityControl.judge(&reading, by: rules) { _, _ in }
            return (hour: reading.hour, measures: reading.measures)
        }
        guard let first = readings.lazy.map(\.hour).filter({ $0 >= since }).min(),
            var judged = HourlySeries(rows: readings)
        else { return nil }
        judged.judge(by: rules)
        var series = HourlySeries(start: first, measures: Array(judged.measures[judged.start.distance(to: first)...]))
        series.latitude = try rows.first?.decode(Double?.self, at: 9)
        series.longitude = try rows.first?.decode(Double?.self, at: 10)
        return series
    }
}

extension HourlySeries {
    /// Makes missing what the rules of several hours flag, as windows do.
    ///
    /// - Parameter report: called for each value that they flag.
    mutating func judge(by rules: QualityRules, report: (UTCHour, QualityControl.Flag) -> Void = { _, _ in }) {
        var continuity = Continuity()
        for entry in measures.indices {
            let verdict = continuity.next(measures[entry], by: rules)
            if verdict.isEmpty { continue }
            if verdict.contains(.spikeBefore) {
                measures[entry - 1].pm25 = .nan
                report(start.advanced(by: entry - 1), .spike)
            }
            if verdict.contains(.stuck) {
                measures[entry].pm25 = .nan
                report(start.advanced(by: entry), .stuck)
            }
            if verdict.contains(.duplicate) {
                measures[entry] = Measures()
                report(start.advanced(by: entry), .duplicate)
            }
        }
    }
}
