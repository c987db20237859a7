import ArgumentParser
import Forecast
import Foundation
import Ingest
import Postgres

/// `hazecast simulate`: readings of stations that do not exist.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Write plausible readings of stations that do not exist: sim-0001, sim-0002, …",
        discussion: """
            The same seed, start and hours give the same readings, whatever the number of stations. With --rate, hours are \
            written one by one as time goes on, to watch a daemon at work.
            """)

    @OptionGroup var options: DatabaseOptions

    @Option(help: "How many stations.")
    var stations: Int

    @Option(help: "How many hours each.")
    var hours: Int

    @Option(help: "Another seed is another region.")
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "The first hour, such as 2026-01-05T07:00Z. Default: so that the last hour is now.", valueName: "hour"))
    var start: String?

    @Option(
        help: ArgumentHelp(
            "Hours that are written a second, one transaction each. Default: all in one.", valueName: "n"))
    var rate: Double?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard stations > 0, hours > 0 else { throw ValidationError("--stations and --hours must be at least 1") }
        guard hours <= 100 * 8766 else { throw ValidationError("--hours must be at most 100 years") }
        guard rate ?? 1 > 0 else { throw ValidationError("--rate must be above 0") }
        _ = try firstHour()
    }

    func run() async throws {
        let first = try firstHour()
        let range = first..<first.advanced(by: hours)
        let connection = try await options.connect(applicationName: "hazecast simulate")
        try await Migrator.check(connection)
        let importer = Importer(connection: connection)
        let bar = ProgressBar("simulate")
        defer { bar.clear() }

        var counts = Importer.Counts()
        var readings = SimulatedReadings(stations: stations, hours: range, seed: seed)
        var pending = readings.next()
        for step in rate == nil ? [range] : range.map({ $0..<$0.advanced(by: 1) }) {
            let began = ContinuousClock.now
            counts += try await importer.write {
                guard let reading = pending, step.contains(reading.hour) else { return nil }
                pending = readings.next()
                return reading
            }
            bar.show(Double(first.distance(to: step.upperBound)) / Double(hours), rows: counts.readings)
            if let rate { try await Task.sleep(until: began + .seconds(1 / rate)) }
        }
        await connection.close()
        bar.clear()
        try report(counts, range)
    }

    private func report(_ counts: Importer.Counts, _ range: Range<UTCHour>) throws {
        struct Report: Encodable {
            let stations, hours, readings, new, changed, unchanged: Int
            let seed: UInt64
            let from, to: String
        }
        let last = range.upperBound.advanced(by: -1)
        guard json else {
            return print(
                """
                \(counts.readings) readings of \(stations) stations from \(range.lowerBound) to \(last) (seed \(seed)): \
                \(counts.new) new, \(counts.changed) changed, \(counts.unchanged) unchanged
                """)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let report = Report(
            stations: stations, hours: hours, readings: counts.readings, new: counts.new, changed: counts.changed,
            unchanged: counts.unchanged, seed: seed, from: "\(range.lowerBound)", to: "\(last)")
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }

    private func firstHour() throws -> UTCHour {
        guard let start else {
            let now = UTCHour(containing: Int64(Date().timeIntervalSince1970))
            return now.advanced(by: 1 - hours)
        }
        guard let hour = UTCHour(start) else {
            throw ValidationError("--start \(start): give the beginning of a UTC hour such as 2026-01-05T07:00Z")
        }
        return hour
    }
}
