import Forecast
import Foundation
import Ingest

/// Our side of the kernel benchmark.
///
///     KernelBenchmark MODELS FOLDER [DATA]
///
/// Writes FOLDER/chapter.case and FOLDER/operational.case for the peers, answers `ready`, and then each line on stdin,
/// such as `chapter epoch`, with one on stdout: the seconds that it took, and what else there is to say.
@main struct KernelBenchmark {
    private let cases: [String: KernelCase]
    private let ensemble: Model
    private let windows: [Window]
    private let contexts: [StationContext]

    private init(models: String, folder: String, data: String?) throws {
        let series = try Self.series(data)
        var cases: [String: KernelCase] = [:]
        var models = try ["chapter", "operational"].map { name in
            try (name, Model(json: Data(contentsOf: URL(filePath: "\(models)/\(name).json"))))
        }
        for (name, model) in models {
            let work = try KernelCase(model, on: series)
            try work.data.write(to: URL(filePath: "\(folder)/\(name).case"))
            cases[name] = work
        }
        self.cases = cases
        ensemble = models.removeLast().1
        let steps = series.measures.filter { !$0.pm25.isNaN && !$0.windSpeed.isNaN }
        windows = (0..<4096).map { first in
            let last = first + Window.length - 1
            return Window(origin: series.start.advanced(by: last), steps: Array(steps[first...last]))
        }
        contexts = windows.indices.map { StationContext(longitude: Double($0 % 360 - 180)) }
    }

    private static func series(_ data: String?) throws -> HourlySeries {
        if let data { return try HourlySeries.reading(data, as: .named("uci-beijing")).series }
        let start = UTCHour(hoursSinceEpoch: 350_640)
        let rows = SimulatedReadings(stations: 1, hours: start..<start.advanced(by: 40_000), seed: 1)
            .map { (hour: $0.hour, measures: $0.measures) }
        guard let series = HourlySeries(rows: rows) else {
            preconditionFailure("readings are simulated for every hour")
        }
        return series
    }

    private func answer(_ command: String) {
        let words = command.split(separator: " ").map(String.init)
        guard words.count == 2, let work = cases[words[0]] else { return print("?") }
        switch words[1] {
        case "predict": print(seconds { work.predict() })
        case "epoch":
            var loss = 0.0
            print(seconds { loss = work.epoch() }, loss)
        case "outputs": FileHandle.standardOutput.write(work.results.outputs)
        case "weights": FileHandle.standardOutput.write(work.results.weights)
        case "forecast":
            // A station's share, and the networks' share of that.
            let batch = 1024
            let whole = seconds {
                for first in stride(from: 0, to: windows.count, by: batch) {
                    _ = ensemble.forecast(
                        Array(windows[first..<first + batch]), contexts: Array(contexts[first..<first + batch]))
                }
            }
            print(
                whole / Double(windows.count),
                seconds { work.predictWithEveryMember(windows: windows.count) } / Double(windows.count))
        default: print("?")
        }
    }

    private func seconds(_ body: () -> Void) -> Double {
        let time = ContinuousClock().measure(body)
        return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    }

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let models = arguments.first, let folder = arguments.dropFirst().first else {
            FileHandle.standardError.write(Data("usage: KernelBenchmark MODELS FOLDER [DATA]\n".utf8))
            exit(2)
        }
        let benchmark = try KernelBenchmark(models: models, folder: folder, data: arguments.dropFirst(2).first)
        print("ready")
        fflush(nil)
        while let line = readLine() {
            benchmark.answer(line)
            fflush(nil)
        }
    }
}
