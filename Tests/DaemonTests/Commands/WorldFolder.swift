import Foundation
import TestSupport

@testable import Forecast

/// A folder of made-up series: a station in each of 13 countries and a second one in the first, 83 days each, some with
/// weather, and one of a few days.
struct WorldFolder {
    static let countries = ["AA", "BB", "CC", "DD", "EE", "FF", "GG", "HH", "II", "JJ", "KK", "LL", "MM"]
    /// Hours of each series: 60 days are scored.
    static let hours = 2_000
    /// The name of the one that is too short to be scored.
    static let short = "short"

    private let folder: TemporaryFolder

    var path: String { folder.path }

    /// - Parameters:
    ///   - countries: how many of them there are.
    ///   - hours: of each series.
    init(countries: Int = Self.countries.count, hours: Int = Self.hours) throws {
        var files: [String: Data] = [:]
        var index: [String] = []
        func add(_ id: String, _ country: String, hours: Int) throws {
            let number = index.count
            index.append(
                """
                {"file": "\(id).csv", "id": "\(id)", "country": "\(country)", "latitude": \(number * 5 - 20), \
                "longitude": \(number * 9)}
                """)
            files["\(id).csv"] = try Self.series(number, hours: hours)
        }
        for country in Self.countries.prefix(countries) {
            try add("\(country.lowercased())-1", country, hours: hours)
        }
        try add("aa-2", "AA", hours: hours)
        try add(Self.short, "NN", hours: 100)
        files["index.json"] = Data("[\(index.joined(separator: ",\n"))]".utf8)
        folder = try TemporaryFolder(files)
    }

    /// PM2.5 with a daily course and noise that lasts some hours; every third station has weather, and none is complete.
    private static func series(_ number: Int, hours: Int) throws -> Data {
        var random = SplitMix64(seed: UInt64(number + 1))
        guard let start = UTCHour(year: 2020, month: 1, day: 1, hour: 0) else { throw CocoaError(.formatting) }
        var lines = ["time_utc,pm25,dew_point,temperature,pressure,wind_direction,wind_speed"]
        var level = 0.0
        for hour in 0..<hours {
            level = 0.9 * level + 0.3 * Double(random.nextNormal())
            let course = sin(Double(hour + number) / 24 * 2 * .pi)
            let pm25 = (20 + 5 * Double(number)) * exp(0.4 * course + level)
            let isMissing = hour % 50 > 46
            let weather = number % 3 == 0 ? "\(hour % 9),\(hour % 24),1010,90,\(hour % 7)" : ",,,,"
            let value = isMissing ? "" : String(format: "%.1f", pm25)
            lines.append("\(start.advanced(by: hour)),\(value),\(weather)")
        }
        return Data(lines.joined(separator: "\n").utf8)
    }
}
