import Forecast
import Ingest
import Postgres

/// Readings written hour by hour, as a station would, each after the forecast of the hour before.
struct Replay {
    let connection: Connection
    let station: Int32

    /// How long the daemon may take for one forecast before the replay gives up.
    private static let patience = Duration.seconds(30)

    /// Inserts one hour and waits until the daemon has considered it.
    ///
    /// - Returns: the time from just before the INSERT until the forecast, or the reason for none, can be read; nil for an hour
    ///   that is no origin.
    func write(_ measures: Measures, at hour: UTCHour) async throws -> Duration? {
        let began = ContinuousClock.now
        func value(_ value: Float) -> Float? { value.isNaN ? nil : value }
        try await connection.query(
            """
            INSERT INTO hazecast.reading
                (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                station, hour.timestamp, value(measures.pm25), value(measures.dewPoint), value(measures.temperature),
                value(measures.pressure), value(measures.windDirection), value(measures.windSpeed),
            ])
        // Without PM2.5 an hour is no origin: nothing comes of it but a better window for the next.
        if measures.pm25.isNaN { return nil }
        while try await !isConsidered(hour) {
            guard ContinuousClock.now - began < Self.patience else {
                throw DaemonError(.configuration, "no forecast of \(hour) within \(Self.patience)")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        return ContinuousClock.now - began
    }

    private func isConsidered(_ hour: UTCHour) async throws(PostgresError) -> Bool {
        let rows = try await connection.query(
            """
            SELECT EXISTS (SELECT FROM hazecast.forecast_ledger WHERE station_id = $1 AND origin = $2)
                OR EXISTS (SELECT FROM hazecast.station_outage WHERE station_id = $1 AND origin = $2)
            """, [station, hour.timestamp])
        return try rows.single().decode(Bool.self, at: 0)
    }
}
