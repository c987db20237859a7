import Foundation
import Ingest
import Postgres
import TestSupport

@testable import Daemon
@testable import Forecast

/// Thirty days of real readings as the daemon would have had them, hour by hour, until two hours ago.
///
/// Every reading comes a minute or two after its hour, but of the first four weeks some come up to 12 hours late, twice,
/// or are corrected afterwards. At the end Changping sends no pm25 any more, Gucheng has stopped, Fengtai is new, and
/// Dongsi has corrected its last reading.
enum ReplayedMonth {
    /// Hours that are replayed, after the 30 that the first window looks at.
    private static let hours = 30 * 24
    private static let calm = 48
    private static let stations = ["Dongsi", "Changping", "Gucheng", "Guanyuan"]

    static let isAvailable: Bool = {
        guard let directory = dataDirectory else { return false }
        return FileManager.default.fileExists(atPath: path(of: "Dongsi", in: directory))
    }()

    static let template = DatabaseTemplate("replayed") { conninfo in
        let connection = try await Connection.connect(conninfo, applicationName: "replay")
        try await Migrator.migrate(connection)
        var run = Run(site: Site(conninfo: conninfo, connection: connection))
        try await run.run()
        await connection.close()
    }

    private static func path(of station: String, in directory: URL) -> String {
        directory.appending(path: "beijing-multisite/PRSA_Data_\(station)_20130301-20170228.csv").path
    }

    /// A reading as a station sends it.
    private struct Sent {
        let station: Int32
        let hour: UTCHour
        let measures: Measures
    }

    private struct Run {
        let site: Site
        /// The last hour that is replayed.
        let end = UTCHour(containing: Int64(Date().timeIntervalSince1970)).advanced(by: -2)
        var random = SeededGenerator(seed: 5, test: "ReplayedMonth")

        init(site: Site) { self.site = site }

        mutating func run() async throws {
            let directory = try requireDataDirectory()
            var series: [Int32: HourlySeries] = [:]
            for name in stations {
                let file = try HourlySeries.reading(
                    path(of: name, in: directory), as: .named("uci-multisite")
                ).series
                series[try await site.addStation(name)] = moved(file)
            }
            let first = end.advanced(by: 1 - hours)
            for (station, series) in series {
                try await site.write(station, series.part(..<series.start.distance(to: first)))
            }
            try await site.run(
                "UPDATE hazecast.station SET longitude = 116.4; UPDATE hazecast.reading SET received_at = observed_at + interval '62 min'"
            )
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            var late: [UTCHour: [Sent]] = [:]
            for hour in first...end {
                try await arrive(readings(of: hour, series: series, late: &late), minute: 62, of: hour)
                _ = try await turns.turn()
                try await date(minute: 63, of: hour)
                guard let readings = late.removeValue(forKey: hour) else { continue }
                try await arrive(readings, minute: 80, of: hour)
                _ = try await turns.turn()
                try await date(minute: 81, of: hour)
            }
            try await finish(&turns)
            await turns.connection.close()
        }

        /// The part of a file that ends at the same hour of a day in January, moved to the present by whole days.
        private func moved(_ file: HourlySeries) -> HourlySeries {
            let day = UTCHour(hoursSinceEpoch: 403_560)  // 2016-01-15T00:00Z
            let last = file.start.distance(to: day.advanced(by: end.hourOfDay))
            let part = file.part((last - hours - 29)...last)
            return HourlySeries(start: end.advanced(by: -hours - 29), measures: part.measures)
        }

        /// What is sent of an hour when it is over; the rest is put off.
        private mutating func readings(
            of hour: UTCHour, series: [Int32: HourlySeries], late: inout [UTCHour: [Sent]]
        ) -> [Sent] {
            var arriving: [Sent] = []
            for (station, series) in series.sorted(by: { $0.key < $1.key }) {
                let left = hour.distance(to: end)
                if station == 3, left < 9 { continue }
                var measures = series[hour]
                if station == 2, left < 5 { measures.pm25 = .nan }
                let sent = Sent(station: station, hour: hour, measures: measures)
                let later = hour.advanced(by: Int.random(in: 0...12, using: &random))
                switch left < calm ? 99 : Int.random(in: 0..<100, using: &random) {
                case 0..<4:  // late
                    late[later, default: []].append(sent)
                    continue
                case 4..<8:  // corrected
                    measures.pm25 = (measures.pm25 * Float.random(in: 0.7...1.3, using: &random)).rounded()
                    late[later, default: []].append(Sent(station: station, hour: hour, measures: measures))
                case 8..<10:  // twice
                    late[later, default: []].append(sent)
                default: break
                }
                arriving.append(sent)
            }
            return arriving
        }

        /// Writes readings as if it were some minutes after the beginning of an hour.
        private func arrive(_ readings: [Sent], minute: Int, of hour: UTCHour) async throws {
            func values(_ measure: KeyPath<Measures, Float>) -> [Float] {
                readings.map { $0.measures[keyPath: measure] }
            }
            try await site.connection.query(
                """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure,
                    wind_direction, wind_speed, received_at)
                SELECT station, hour, nullif(pm25, 'NaN'), nullif(dew_point, 'NaN'), nullif(temperature, 'NaN'),
                    nullif(pressure, 'NaN'), nullif(wind_direction, 'NaN'), nullif(wind_speed, 'NaN'),
                    $9::timestamptz + interval '\(minute) min'
                FROM unnest($1::integer[], $2::timestamptz[], $3::real[], $4::real[], $5::real[], $6::real[], $7::real[],
                    $8::real[]) AS row (station, hour, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
                ON CONFLICT (station_id, observed_at) DO UPDATE SET pm25 = excluded.pm25
                """,
                [
                    readings.map(\.station), readings.map(\.hour.timestamp), values(\.pm25), values(\.dewPoint),
                    values(\.temperature), values(\.pressure), values(\.windDirection), values(\.windSpeed),
                    hour.timestamp,
                ])
        }

        /// Makes the forecasts that have just been issued as old as their readings.
        private func date(minute: Int, of hour: UTCHour) async throws {
            try await site.connection.query(
                """
                UPDATE hazecast.forecast_ledger SET issued_at = $1::timestamptz + interval '\(minute) min'
                WHERE issued_at > $1::timestamptz + interval '\(minute) min'
                    AND origin BETWEEN $1::timestamptz - interval '1 day' AND $1
                """, [hour.timestamp])
        }

        private func finish(_ turns: inout Turns) async throws {
            let fengtai = try await site.addStation("Fengtai")
            for hour in end.advanced(by: -3)...end {
                var measures = Measures(
                    pm25: 31, dewPoint: -9, temperature: 3, pressure: 1029, windDirection: 315, windSpeed: 2)
                if hour == end {
                    measures.pm25 = -40
                    measures.pressure = 102_900
                }
                try await site.write(fengtai, hour, measures)
            }
            _ = try await turns.turn()
            try await site.connection.query(
                "UPDATE hazecast.reading SET pm25 = pm25 + 3 WHERE station_id = 1 AND observed_at = $1", [end.timestamp]
            )
            _ = try await turns.turn()
            try await date(minute: 81, of: end)
            try await site.run("ANALYZE")
        }
    }
}
