import Foundation
import Ingest

@testable import Forecast

/// Writes what the peers of `world` learn from and are scored on, and what `world` says of the same windows.
///
///     WorldWindows DATA FOLDER [WINDOWS [MEMBERS [EPOCHS [pm25|all [DAYS]]]]]
///
/// Countries are dealt into six groups as in `hazecast backtest --leave-out-groups 6`. For each group, FOLDER/train-N.f32 has
/// one pass of the windows that a network without the group learns from, and FOLDER/scored-N.f32 every scored origin of the
/// group's stations. Rows of float32: station, origin, last PM2.5 and scale in µg/m³; the inputs at the window's last hour,
/// then PM2.5 relative to the window and the station's daily course by hour; 24 labels, observed minus last over scale, NaN
/// where not observed; then 24 weights (train) or the forecast of an ensemble that has not seen the group in µg/m³ (scored).
/// FOLDER/stations.json says which station is which, and which inputs there are.
@main struct WorldWindows {
    private static let groups = 6

    private let stations: [WorldStation]
    private let folder: String
    private let plan: WorldPlan
    private let options: StationBacktest.Options
    private let encoder = WindowEncoder(
        features: Architecture.world.inputs, scales: Feature.relative.map(\.scale))

    private static var features: [Feature] { Architecture.world.inputs }
    /// Inputs that are written for every hour of the window.
    private static let hourly: [Feature] = [.pm25Relative, .memoryProfile]

    private init(_ arguments: [String]) throws {
        stations = try StationSeries.load(arguments[0]).map {
            WorldStation(id: $0.id, country: $0.country ?? $0.id, series: $0.series)
        }
        folder = arguments[1]
        func number(_ index: Int) -> Int? { index < arguments.count ? Int(arguments[index]) : nil }
        var plan = WorldPlan()
        plan.windows = number(2) ?? plan.windows
        plan.members = number(3) ?? 2
        plan.epochs = number(4) ?? plan.epochs
        self.plan = plan
        var options = StationBacktest.Options()
        options.isPM25Only = arguments.count > 5 && arguments[5] == "pm25"
        options.memoryDays = number(6)
        self.options = options
    }

    /// The inputs of one window, hours × features, as a row has them.
    private static func inputs(_ x: [Float]) -> [Float] {
        let count = features.count
        var row = Array(x.suffix(count))
        for feature in hourly {
            guard let index = features.firstIndex(of: feature) else { continue }
            row += (0..<Window.length).map { x[$0 * count + index] }
        }
        return row
    }

    private static var names: [String] {
        features.map(\.rawValue) + hourly.flatMap { feature in (0..<Window.length).map { "\(feature.rawValue)-\($0)" } }
    }

    private func write(_ name: String, _ rows: (_ row: ([Float]) -> Void) throws -> Void) throws {
        let path = "\(folder)/\(name)"
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path])
        }
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        var buffer = Data()
        try rows { row in
            row.withUnsafeBytes { buffer.append(contentsOf: $0) }
            if buffer.count > 1 << 24 {
                file.write(buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        try file.write(contentsOf: buffer)
        try file.close()
    }

    private func writeTraining(_ group: Set<String>, number: Int) throws {
        let indices = stations.indices.filter { !group.contains(stations[$0].country) }
        var random = SplitMix64(seed: UInt64(number))
        let samples = WorldSamples(
            indices.map { stations[$0].source(0..<stations[$0].relative.rows.count) }, Architecture.world,
            windows: plan.windows, varies: true, using: &random)
        samples.shuffle(using: &random)
        try write("train-\(number).f32") { row in
            for block in 0..<samples.blocks {
                for example in samples.examples(block: block) {
                    let station = indices[example.source]
                    let last = stations[station].relative.rows[example.origin].pm25
                    row(
                        [Float(station), Float(example.origin), last, example.scale]
                            + Self.inputs(example.x) + example.labels + example.weights)
                }
            }
        }
    }

    private func writeScored(_ group: Set<String>, number: Int, by model: Model) throws {
        try write("scored-\(number).f32") { row in
            for (index, station) in stations.enumerated() where group.contains(station.country) {
                let series = station.relative
                let origins = series.origins(in: station.scoredRows, days: options.memoryDays)
                let hours = MeasureLanes(rows: Window.length)
                let count = Window.length * Self.features.count
                let x = UnsafeMutablePointer<Lanes>.allocate(capacity: count)
                x.initialize(repeating: .zero, count: count)
                defer { x.deallocate() }
                for first in stride(from: 0, to: origins.count, by: Lanes.scalarCount) {
                    let batch = origins[first..<min(first + Lanes.scalarCount, origins.count)]
                    let windows = batch.map { origin in
                        series.window(at: origin).map { options.isPM25Only ? Measures(pm25: $0.pm25) : $0 }
                    }
                    let contexts = batch.map { series.context(at: $0, days: options.memoryDays) }
                    let times = batch.map { series.series.start.advanced(by: $0) }
                    let forecasts = model.forecast(
                        zip(times, windows).map { Window(origin: $0, steps: $1) }, contexts: contexts)
                    for (lane, window) in windows.enumerated() {
                        hours.load(window[...], lastHour: times[lane], contexts[lane], lane: lane)
                    }
                    encoder.encode(hours, into: x)
                    for (lane, origin) in batch.enumerated() {
                        let last = series.rows[origin].pm25
                        let scale = WorldSamples.scale(of: series.window(at: origin))
                        let labels = (1...Forecast.leads).map { (series.observed(origin, $0) - last) / scale }
                        let own = Self.inputs((0..<count).map { x[$0][lane] })
                        row([Float(index), Float(origin), last, scale] + own + labels + forecasts[lane].pm25)
                    }
                }
            }
        }
    }

    private func run() throws {
        let training = WorldTraining(stations, plan: plan, workers: 1) { progress in
            FileHandle.standardError.write(Data("\(progress.json.line)\n".utf8))
            return true
        }
        let fold = try training.crossFit(
            { 0..<$0.relative.rows.count }, groups: Self.groups, members: plan.members)
        for (number, group) in fold.groups.enumerated() {
            try writeTraining(group, number: number)
            var errors = RelativeErrors()
            for (other, found) in fold.errors.enumerated() where other != number { errors.add(found) }
            let model = try WorldTraining.model(
                "without group \(number + 1)", fold.weights[number], members: plan.members, errors: errors)
            try writeScored(group, number: number, by: model)
        }
        let description = JSONValue.object([
            "features": .array(Self.names.map { .string($0) }), "groups": .number(Self.groups),
            "stations": .array(
                stations.map { .object(["id": .string($0.id), "country": .string($0.country)]) }),
        ])
        try Data(description.text.utf8).write(to: URL(filePath: "\(folder)/stations.json"))
    }

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard (2...7).contains(arguments.count) else {
            print("usage: WorldWindows DATA FOLDER [WINDOWS [MEMBERS [EPOCHS [pm25|all [DAYS]]]]]")
            exit(64)
        }
        try WorldWindows(arguments).run()
    }
}
