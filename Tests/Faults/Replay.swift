import Forecast
import Foundation
import Ingest
import TestSupport

/// The readings of a run, in steps that are one transaction each.
struct Replay: Sendable {
    struct Row: Sendable {
        /// Position in `stations`.
        let station: Int
        let hour: UTCHour
        let measures: Measures
    }

    struct Step: Sendable, CustomStringConvertible {
        let description: String
        let rows: [Row]
    }

    let stations: [String]
    let steps: [Step]
    /// Steps at the beginning that no fault disturbs.
    static let quietSteps = 4
    /// Where the readings come from.
    let origin: String

    private enum Draw {
        /// Hours since the replay's first one.
        case hours(Range<Int>)
        case correction(station: Int, hour: Int, pm25: Float)
    }

    /// The hours of a step are the next one, or several at once after an outage; or it corrects hours that are there already.
    init(seed: UInt64, stations count: Int, disturbedSteps: Int) throws {
        var random = SeededGenerator(seed: seed &+ 1, test: "replay")
        var length = 48
        var draws = [Draw.hours(0..<length)]
        while draws.count < Self.quietSteps + disturbedSteps {
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let hours = Int.random(in: 2...8, using: &random)
                draws.append(.hours(length..<length + hours))
                length += hours
            case 1:
                draws.append(
                    .correction(
                        station: Int.random(in: 0..<count, using: &random),
                        hour: length - Int.random(in: 1...26, using: &random),
                        pm25: Float.random(in: 5...300, using: &random).rounded()))
            default:
                draws.append(.hours(length..<length + 1))
                length += 1
            }
        }
        self = try Self(stations: count, length: length, draws: draws)
    }

    /// Steps of a whole day each.
    init(stations count: Int, days: Int) throws {
        let draws = (0..<days).map { Draw.hours($0 * 24..<($0 + 1) * 24) }
        self = try Self(stations: count, length: days * 24, draws: draws)
    }

    private init(stations count: Int, length: Int, draws: [Draw]) throws {
        let all = try Self.series(length: length)
        origin = all.origin
        stations = (1...count).map { "station \($0)" }
        let series = (0..<count).map { station -> [Measures] in
            let source = all.series[station % all.series.count]
            let room = max(0, source.count - length)
            let start = room == 0 ? 0 : (station * 977 + 4_000) % room
            return Array(source[start..<min(source.count, start + length)])
        }
        // The run ends a day ago, so that a clock that is off by a year makes a difference; whole days, because the models
        // know the hour of the day.
        let now = UTCHour(containing: Int64(Date().timeIntervalSince1970))
        let first = now.advanced(by: -now.hourOfDay - (length / 24 + 2) * 24)
        func measures(_ station: Int, _ hour: Int) -> Measures {
            series[station].indices.contains(hour) ? series[station][hour] : Measures()
        }
        steps = draws.map { draw in
            switch draw {
            case .hours(let hours):
                let rows = (0..<count).flatMap { station in
                    hours.map {
                        Row(station: station, hour: first.advanced(by: $0), measures: measures(station, $0))
                    }
                }
                return Step(
                    description: "\(hours.count) h to \(first.advanced(by: hours.upperBound - 1))", rows: rows)
            case .correction(let station, let hour, let pm25):
                var corrected = measures(station, hour)
                corrected.pm25 = pm25
                return Step(
                    description: "correction of \(first.advanced(by: hour))",
                    rows: [Row(station: station, hour: first.advanced(by: hour), measures: corrected)])
            }
        }
    }

    private static func series(length: Int) throws -> (series: [[Measures]], origin: String) {
        if let directory = dataDirectory {
            let multisite = directory.appending(path: "beijing-multisite")
            let files = (try? FileManager.default.contentsOfDirectory(atPath: multisite.path())) ?? []
            var series = [
                try HourlySeries.reading(
                    directory.appending(path: "beijing-pm25-2010-2014.csv").path(),
                    as: .named("uci-beijing")
                ).series.measures
            ]
            for file in files.filter({ $0.hasSuffix(".csv") }).sorted() {
                series.append(
                    try HourlySeries.reading(multisite.appending(path: file).path(), as: .named("uci-multisite")).series
                        .measures)
            }
            return (series, "real readings of \(series.count) monitors")
        }
        var byStation: [String: [Measures]] = [:]
        let start = UTCHour(hoursSinceEpoch: 385_000)
        for reading in SimulatedReadings(stations: 12, hours: start..<start.advanced(by: length), seed: 7) {
            var hours = byStation[reading.station] ?? []
            while hours.count < start.distance(to: reading.hour) { hours.append(Measures()) }
            hours.append(reading.measures)
            byStation[reading.station] = hours
        }
        return (byStation.sorted { $0.key < $1.key }.map(\.value), "simulated readings")
    }
}
