public import ArgumentParser
public import Forecast
import Plot
import Foundation
import Ingest
import Postgres

/// `hazecast train`: fits a network to a station's history and writes a model file.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on all but the last year of a station's history.",
        discussion: """
            The history is a file, or a station of the database. With --from, a pretrained model is fine-tuned on it,
            which is better than a new one and needs less: the station's own ranges, a few epochs, its own bands.

            --preset world learns from a folder of stations of many countries, and leaves each country out in turn to
            learn how wrong it is where it has never been.

            With --activate nothing is written to a file: it is the training run that the daemon makes by the clock. A
            challenger is trained for every station of the database, and serves if it beats what serves now.

            Shows a bar on a terminal, else prints one JSON line an epoch. Ctrl-C ends the training and keeps the best
            network so far. The same seed and data give the same model.
            """)

    enum Preset: String, ExpressibleByArgument, CaseIterable {
        case chapter
        case chapterSingle = "chapter-single"
        case operational
        case world
    }

    @Option(
        help:
            """
            The recipe: operational, which serves; world, for stations anywhere, learnt from stations of many countries; \
            chapter, the published network; or chapter-single, its one-layer rival.
            """
    )
    var preset: Preset = .operational

    @Option(
        help: ArgumentHelp(
            "Fine-tune this model instead: a file or, with --station, the name of a model in the database.",
            valueName: "model"))
    var from: String?

    @Flag(help: "With --from: learn from the last year too. There are no scores then, and 30 days are enough.")
    var whole = false

    @OptionGroup var history: HistoryOptions

    @Option(help: ArgumentHelp("The model file to write.", valueName: "file"))
    var out: String?

    @Flag(help: "Make a training run on the whole database instead, and let the models that win serve.")
    var activate = false

    @Option(help: ArgumentHelp("Draw the validation loss and R² by epoch as an SVG file.", valueName: "file"))
    var plot: String?

    @Option(help: "Seed of everything random.")
    var seed: UInt64 = TrainingPlan().seed

    @Option(help: "Epochs of mini-batches of each member or from each start; the preset's own by default.")
    var epochs: Int?

    @Option(help: "operational and world: networks in the ensemble; the preset's own number by default.")
    var members: Int?

    @Option(help: "world: windows that each network learns from.")
    var windows: Int?

    @Option(
        help: ArgumentHelp(
            "world: countries whose stations are not learnt from at all, such as CN,VN.", valueName: "countries"))
    var leaveOut: String?

    @Option(
        help: "chapter and chapter-single: lbfgs (Adam, then L-BFGS over rollouts), adam, or sgd as in the chapter.")
    var optimiser: TrainingPlan.Optimiser = TrainingPlan().optimiser

    @Option(help: "chapter and chapter-single: starts, of which the best is kept.")
    var restarts: Int = TrainingPlan().restarts

    @Option(help: "chapter and chapter-single: initial weights: xavier, half (σ = 0.5) or chapter (standard normal).")
    var initial: InitialWeights = TrainingPlan().initial

    @Option(
        help:
            "chapter and chapter-single: the weather of the hours predicted in a row: observed, or held as in a live forecast."
    )
    var weather: TrainingPlan.Weather = TrainingPlan().weather

    func validate() throws {
        if activate {
            guard out == nil, from == nil, plot == nil, !whole, history.files.data.isEmpty,
                !history.files.describesFile, history.station == nil, history.since == nil
            else {
                throw ValidationError("--activate trains on every station and takes only --database and --config")
            }
            return
        }
        guard out != nil else {
            throw ValidationError("say where to: --out FILE, or --activate to train for the database")
        }
        try history.check("train on")
        guard from != nil || !whole else { throw ValidationError("--whole goes with --from MODEL") }
        let isWorld = preset == .world && from == nil
        guard isWorld || (windows == nil && leaveOut == nil) else {
            throw ValidationError("--windows and --leave-out go with --preset world")
        }
        guard !isWorld || plot == nil else {
            throw ValidationError("--plot draws scores on a validation year, which --preset world has none of")
        }
    }

    func run() async throws {
        guard let out else { return try await trainAndActivate() }
        if preset == .world && from == nil { try await trainWorld(to: out) } else { try await train(to: out) }
    }

    private func train(to out: String) async throws {
        let outFile = try OutputFile(out)
        let plotFile = try plot.map { try OutputFile($0) }
        let (stations, start) = try await history.load(startingFrom: from, applicationName: "hazecast train")
        guard let series = stations.first?.series, stations.count == 1 else {
            throw DaemonError(
                .configuration,
                "this recipe learns from one station, and --data holds \(stations.count); name one file, or learn "
                    + "from all with --preset world")
        }
        let interruption = Interruption()
        let display = TrainingDisplay()
        let name = URL(filePath: out).deletingPathExtension().lastPathComponent
        var done: [TrainingProgress] = []
        func goesOn(_ progress: TrainingProgress) -> Bool {
            done.append(progress)
            display.show(progress)
            return !interruption.isRequested
        }
        let model =
            if let start {
                try fineTune(start, name, on: series, goesOn: goesOn)
            } else {
                try train(name, on: series, goesOn: goesOn)
            }
        display.end()
        try outFile.write(model.json())
        try plotFile?.write(Data(Figure.training(done, of: model).svg.utf8))
        StandardError.print("\(out): \(model.name), \(model.architecture.parameterCount) weights")
    }

    /// Learns from all stations that `--data` holds but those of `--leave-out`.
    private func trainWorld(to out: String) async throws {
        let outFile = try OutputFile(out)
        let stations = try await history.load(applicationName: "hazecast train").stations.map(WorldStation.init)
        var plan = WorldPlan()
        plan.seed = seed
        plan.epochs = epochs ?? plan.epochs
        plan.members = members ?? plan.members
        plan.windows = windows ?? plan.windows
        plan.leftOut = try leftOut(of: stations)
        let learnt = stations.filter { !plan.leftOut.contains($0.country) }
        let unseen = stations.filter { plan.leftOut.contains($0.country) }
        let workers = ProcessInfo.processInfo.activeProcessorCount
        let interruption = Interruption()
        let isInterrupted = interruption.question
        let display = TrainingDisplay()
        let training = WorldTraining(learnt, plan: plan, workers: workers) { progress in
            display.show(progress)
            return !isInterrupted()
        }
        let model: Model
        do throws(ForecastError) {
            model = try training.run(name: URL(filePath: out).deletingPathExtension().lastPathComponent)
        } catch {
            display.end()
            throw error
        }
        display.end()
        // Ends the catching of Ctrl-C: the scores may be interrupted.
        withExtendedLifetime(interruption) {}
        var scores: [String: JSONValue] = [:]
        for (name, stations) in [("", learnt.filter(\.isHeldBack)), ("left_out_", unseen)] where !stations.isEmpty {
            for (memory, days) in [("live", nil), ("live_without_memory", 0)] as [(String, Int?)] {
                var options = StationBacktest.Options()
                options.memoryDays = days
                scores[name + memory] =
                    WorldBacktest(stations, options, workers: workers) { _ in model }.compactJSON
            }
        }
        try outFile.write(try model.with(scores: .object(scores)).json())
        StandardError.print("\(out): \(model.name), \(model.architecture.parameterCount) weights")
    }

    /// The countries of `--leave-out`, in the order of their letters.
    private func leftOut(of stations: [WorldStation]) throws -> [String] {
        let wanted = (leaveOut ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let countries = Set(stations.map(\.country))
        if let unknown = wanted.first(where: { !countries.contains($0) }) {
            throw DaemonError(
                .configuration,
                "--leave-out \(unknown): --data holds no station there; it has "
                    + countries.sorted().joined(separator: ", ")
            )
        }
        return Set(wanted).sorted()
    }

    /// The run that the daemon makes, in the foreground.
    private func trainAndActivate() async throws {
        let connection = try await history.database.connect(applicationName: "hazecast train")
        let gauge = TrainingGauge()
        let interruption = Interruption { gauge.stop() }
        let display = TrainingDisplay()
        do {
            try await Migrator.check(connection)
            let (run, state, decision) = try await TrainingRun.run(
                nil, why: "hazecast train --activate", on: connection,
                workers: ProcessInfo.processInfo.activeProcessorCount, gauge: gauge, report: display.show)
            display.end()
            await connection.close()
            StandardError.print("training run \(run) \(state): \(decision)")
        } catch {
            display.end()
            await connection.close()
            throw error
        }
        // 128 + SIGINT, as shells have it.
        if interruption.isRequested { throw ExitCode(130) }
    }

    private func fineTune(
        _ start: Model, _ name: String, on series: HourlySeries, goesOn: @escaping (TrainingProgress) -> Bool
    ) throws -> Model {
        var known = series
        if !whole {
            let hours = series.measures.count - Backtest.testHours
            guard hours >= FineTuning.leastHours else {
                throw DaemonError(
                    .configuration,
                    "the history has \(series.measures.count) hours, and a year of them is kept for the "
                        + "score; with --whole all are learnt from, and there is no score")
            }
            known.measures = Array(series.measures.prefix(hours))
        }
        var plan = FineTuningPlan()
        plan.seed = seed
        plan.epochs = epochs ?? plan.epochs
        let model = try FineTuning(of: start, on: [known], plan: plan, goesOn: goesOn).run(name: name)
        if whole { return model }
        if model.architecture.bearsGaps {
            let station = WorldStation(id: name, country: name, series: series)
            return try model.with(scores: .object(["live": WorldBacktest([StationBacktest(station, by: model)]).json]))
        }
        return try model.with(scores: .object(["live": LiveProtocol(model, on: series).json]))
    }

    private func train(
        _ name: String, on series: HourlySeries, goesOn: @escaping (TrainingProgress) -> Bool
    ) throws(ForecastError) -> Model {
        switch preset {
        case .chapter, .chapterSingle:
            let architecture = preset == .chapter ? Architecture.chapter : .chapterSingle
            var plan = TrainingPlan()
            plan.seed = seed
            plan.optimiser = optimiser
            plan.epochs = epochs ?? plan.epochs
            plan.restarts = restarts
            plan.initial = initial
            plan.weather = weather
            return try ChapterTraining(series, architecture: architecture, plan: plan, goesOn: goesOn)
                .run(name: name)
        case .operational:
            var plan = OperationalPlan()
            plan.seed = seed
            plan.epochs = epochs ?? plan.epochs
            plan.members = members ?? plan.members
            return try OperationalTraining(series, plan: plan, goesOn: goesOn).run(name: name)
        case .world: preconditionFailure("world learns from many stations")
        }
    }
}

extension TrainingPlan.Optimiser: ExpressibleByArgument {}
extension InitialWeights: ExpressibleByArgument {}
extension TrainingPlan.Weather: ExpressibleByArgument {}
