import Forecast
import Foundation
import Ingest

/// The readings that the demo replays: one station's, oldest first.
struct DemoSeries {
    let station: String
    /// For the person before the terminal.
    let description: String
    let series: HourlySeries

    /// The real series where there is one, else a simulated one.
    ///
    /// - Parameter file: as given on the command line; nil looks in `HAZECAST_DATA_DIR` and `./data`.
    /// - Throws: `SourceError` when the file cannot be used.
    static func load(_ file: String?) throws -> DemoSeries {
        let name = "beijing-pm25-2010-2014.csv"
        let folders = [ProcessInfo.processInfo.environment["HAZECAST_DATA_DIR"], "data"].compactMap { $0 }
        let found = folders.map { "\($0)/\(name)" }.first { FileManager.default.fileExists(atPath: $0) }
        guard let path = file ?? found else {
            return try simulated(hours: 60 * 24)
        }
        let series = try HourlySeries.reading(path, as: .named("uci-beijing")).series
        return DemoSeries(
            station: "Beijing", description: "real hourly readings of Beijing, \(path)", series: series)
    }

    private static func simulated(hours: Int) throws -> DemoSeries {
        let end = UTCHour(containing: Int64(Date().timeIntervalSince1970))
        let readings = SimulatedReadings(stations: 1, hours: end.advanced(by: -hours)..<end, seed: 1)
        var rows: [(hour: UTCHour, measures: Measures)] = []
        var station = ""
        for reading in readings {
            station = reading.station
            rows.append((reading.hour, reading.measures))
        }
        guard let series = HourlySeries(rows: rows) else {
            throw DaemonError(.file, "the simulator gave no readings")
        }
        return DemoSeries(
            station: station,
            description:
                "SIMULATED readings, because beijing-pm25-2010-2014.csv is neither in HAZECAST_DATA_DIR nor in ./data",
            series: series)
    }

    /// What the station sent in some of its hours; hours in which it sent nothing are left out.
    func readings(in hours: Range<UTCHour>) -> [ParsedReading] {
        hours.compactMap { hour in
            let measures = series[hour]
            let isSilent = [measures.pm25, measures.temperature, measures.windSpeed].allSatisfy(\.isNaN)
            return isSilent ? nil : ParsedReading(station: station, hour: hour, measures: measures)
        }
    }
}
