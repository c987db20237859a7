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
    /// ahead of the clock. It is one statement, and so one snapshot; nothing stays open when it returns.
    ///
    /// - Parameter since: the first hour wanted; all of them by default.
    /// - Returns: the series with the station's longitude, 24 bytes an hour; nil where there is no such reading.
    public static func series(
        of station: Int32, since: UTCHour = QualityControl.firstHour, on connection: Connection
    ) async throws(PostgresError) -> HourlySeries? {
        let rows = try await connection.query(
            """
            SELECT station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed, longitude
            FROM hazecast.reading JOIN hazecast.station ON station.id = station_id
            WHERE station_id = $1 AND observed_at BETWEEN $2 AND now() + make_interval(hours => $3)
            """,
            [
                station, max(since, QualityControl.firstHour).timestamp, Int32(QualityControl.hoursAhead),
            ], timeout: .seconds(300))
        let readings = try Feed.decode(rows).map { reading in
            var reading = reading
            QualityControl.judge(&reading.measures, present: reading.present) { _, _ in }
            return (hour: reading.hour, measures: reading.measures)
        }
        var series = HourlySeries(rows: readings)
        series?.longitude = try rows.first?.decode(Double?.self, at: 8)
        return series
    }
}
