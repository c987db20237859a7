import Forecast
import Foundation
import Ingest
import Postgres
import TestSupport

@testable import Daemon

/// Stations replayed hour by hour as if it were then: readings come two minutes after their hour, forecasts a minute later,
/// and the day is settled after midnight.
struct LiveReplay {
    let site: Site
    var turns: Turns
    private var stations: [(id: Int32, series: HourlySeries)] = []

    init(_ site: Site) async throws {
        self.site = site
        turns = try await Turns(site.conninfo)
    }

    /// A station of the multi-site data.
    static func series(_ name: String) throws -> HourlySeries {
        let file = "beijing-multisite/PRSA_Data_\(name)_20130301-20170228.csv"
        return try HourlySeries.reading(
            try requireDataDirectory().appending(path: file).path, as: .named("uci-multisite")
        ).series
    }

    /// Adds a station with the readings of its first window, which end before an hour.
    @discardableResult
    mutating func add(_ name: String, _ series: HourlySeries, before hour: UTCHour) async throws -> Int32 {
        let id = try await site.addStation(name)
        stations.append((id, series))
        try await site.run("UPDATE hazecast.station SET longitude = 116.4 WHERE id = \(id)")
        for back in stride(from: 60, through: 1, by: -1) {
            try await receive([(id, series[hour.advanced(by: -back)])], hour.advanced(by: -back))
        }
        return id
    }

    /// Readings of an hour, received two minutes after it.
    private func receive(_ readings: [(id: Int32, measures: Measures)], _ hour: UTCHour) async throws {
        func values(_ measure: KeyPath<Measures, Float>) -> [Float] {
            readings.map { $0.measures[keyPath: measure] }
        }
        try await site.connection.query(
            """
            INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure,
                wind_direction, wind_speed, received_at)
            SELECT station, $2, nullif(pm25, 'NaN'), nullif(dew_point, 'NaN'), nullif(temperature, 'NaN'),
                nullif(pressure, 'NaN'), nullif(wind_direction, 'NaN'), nullif(wind_speed, 'NaN'),
                $2::timestamptz + interval '62 min'
            FROM unnest($1::integer[], $3::real[], $4::real[], $5::real[], $6::real[], $7::real[], $8::real[])
                AS row (station, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
            """,
            [
                readings.map(\.id), hour.timestamp, values(\.pm25), values(\.dewPoint), values(\.temperature),
                values(\.pressure), values(\.windDirection), values(\.windSpeed),
            ])
    }

    /// Replays hours.
    ///
    /// - Parameter changed: what is sent instead of what a station read.
    mutating func run(
        _ hours: Range<UTCHour>, changed: (_ station: Int32, _ hour: UTCHour, Measures) -> Measures = { $2 }
    ) async throws {
        for hour in hours {
            try await receive(stations.map { ($0.id, changed($0.id, hour, $0.series[hour])) }, hour)
            _ = try await turns.turn()
            try await site.connection.query(
                "UPDATE hazecast.forecast_ledger SET issued_at = $1::timestamptz + interval '63 min' WHERE origin = $1",
                [hour.timestamp])
            if hour.hourOfDay == 23 { try await turns.settle(through: hour.advanced(by: -23)) }
        }
    }
}
