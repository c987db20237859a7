import ArgumentParser
import Forecast
import Plot
import Foundation
import Ingest

/// `hazecast backtest`: scores a model on the last year of each history, with persistence beside it.
struct BacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Score a model on the last year of a station's history, beside persistence.",
        discussion: """
            live: every hour is an origin, and only what was known then is used. This is the score to quote.
            chapter: the published protocol, which knows the weather of the hours that it forecasts.

            The history is a file, or a station of the database. A folder, and a model that bears gaps, have a row per
            station and means over the stations of a country, then over countries. They are scored on the last year of
            each series, or on the last half of one shorter than two years.

            With --leave-out-groups no model is scored but the recipe of --preset world: networks are trained on all
            countries but a group of them and scored on that group, in turn.
            """)

    enum ScoringProtocol: String, ExpressibleByArgument, CaseIterable {
        case chapter, live
    }

    @Option(name: .customLong("protocol"), help: "chapter or live.")
    var scoring: ScoringProtocol = .live

    enum Inputs: String, ExpressibleByArgument, CaseIterable {
        case pm25, all
    }

    @Option(help: ArgumentHelp("The model file.", valueName: "file"))
    var model: String?

    @OptionGroup var history: HistoryOptions

    @Option(help: ArgumentHelp("A previous model, scored beside it.", valueName: "file"))
    var baseline: String?

    @Option(help: "Of a folder, or a model that bears gaps: pm25 hides the weather. All is the default.")
    var inputs: Inputs?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of a folder, or a model that bears gaps: hides what is older than so many days before an origin.",
            valueName: "days"))
    var memory: Int?

    @Option(
        help: ArgumentHelp(
            """
            Instead of --model: deal the countries into so many groups, train on all but one, score on that one. Without \
            --inputs and --memory: PM2.5 alone with 0, 3, 14 and all days of memory, and all inputs.
            """, valueName: "groups"))
    var leaveOutGroups: Int?

    @OptionGroup var recipe: WorldOptions

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @Option(help: ArgumentHelp("Draw the scores as an SVG file, too.", valueName: "file"))
    var plot: String?

    func validate() throws {
        try history.check("score")
        if let memory, memory < 0 { throw ValidationError("--memory \(memory): days are 0 or more") }
        guard let leaveOutGroups else {
            guard model != nil else {
                throw ValidationError(
                    "say what to score: --model FILE, or --leave-out-groups N for the recipe of world")
            }
            guard recipe.isEmpty else {
                throw ValidationError("--seed, --epochs, --members and --windows go with --leave-out-groups")
            }
            return
        }
        guard model == nil, baseline == nil, scoring == .live else {
            throw ValidationError(
                "--leave-out-groups trains the networks that it scores; it excludes --model, --baseline and "
                    + "--protocol chapter")
        }
        guard leaveOutGroups > 1 else {
            throw ValidationError("--leave-out-groups \(leaveOutGroups): there must be 2 groups at least")
        }
    }

    func run() async throws {
        let plot = try plot.map { try OutputFile($0) }
        guard let path = model else { return try await leaveOut(groups: leaveOutGroups ?? 0, plot) }
        let model = try ModelFile.read(path)
        let baseline = try baseline.map { try ModelFile.read($0) }
        let (stations, _) = try await history.load(applicationName: "hazecast backtest")
        if scoring == .live, stations.count > 1 || model.architecture.bearsGaps {
            guard baseline == nil else {
                throw DaemonError(
                    .configuration, "--baseline is scored beside a model that bears no gaps, and on one station")
            }
            return try report(model, on: stations, plot)
        }
        guard let series = stations.first?.series, stations.count == 1 else {
            throw DaemonError(
                .configuration, "--protocol chapter scores one station, and --data holds \(stations.count)")
        }
        guard inputs == nil, memory == nil else {
            throw DaemonError(
                .configuration, "--inputs and --memory go with --protocol live, and a folder or a model that bears gaps"
            )
        }
        let figure: Figure
        switch scoring {
        case .chapter:
            let current = Scored(model: model, scores: try ChapterProtocol(model, on: series))
            let previous = try baseline.map { Scored(model: $0, scores: try ChapterProtocol($0, on: series)) }
            report(current, previous, json: { $0.scores.json(for: $0.model) }, table: Self.table)
            figure = .chapter(current, previous: previous)
        case .live:
            let current = Scored(model: model, scores: try LiveProtocol(model, on: series, withRidge: true))
            let previous = try baseline.map { Scored(model: $0, scores: try LiveProtocol($0, on: series)) }
            report(current, previous, json: { $0.scores.json }, table: Self.table)
            figure = .live(current, previous: previous)
        }
        try plot?.write(Data(figure.svg.utf8))
    }

    /// A row for each station, and means.
    private func report(_ model: Model, on stations: [StationSeries], _ plot: OutputFile?) throws {
        let condition = LeaveOutRun.Condition(isPM25Only: inputs == .pm25, memoryDays: memory)
        let scores = WorldBacktest(
            stations.map(WorldStation.init), condition.options, workers: ProcessInfo.processInfo.activeProcessorCount
        ) { _ in model }
        let title = "\(model.name), \(model.architecture.parameterCount) weights, \(condition.text)"
        print(json ? scores.json.line : WorldReport(title: title, scores: scores).text)
        try plot?.write(Data(Figure.world(scores, title: title).svg.utf8))
    }

    /// The recipe of `world` on countries that it has not seen.
    private func leaveOut(groups: Int, _ plot: OutputFile?) async throws {
        let stations = try await history.load(applicationName: "hazecast backtest").stations.map(WorldStation.init)
        let countries = Set(stations.map(\.country)).count
        guard groups <= countries else {
            throw DaemonError(
                .configuration, "--leave-out-groups \(groups): --data holds stations of \(countries) countries")
        }
        let conditions =
            inputs == nil && memory == nil
            ? LeaveOutRun.conditions : [.init(isPM25Only: inputs == .pm25, memoryDays: memory)]
        let run = LeaveOutRun(stations: stations, plan: recipe.plan, groups: groups, conditions: conditions)
        let results = try run.results()
        if json {
            print(run.json(results).line)
        } else {
            let texts = zip(conditions, results).map { condition, scores in
                WorldReport(title: "\(run.title), \(condition.text)", scores: scores).text
            }
            print(texts.joined(separator: "\n\n\n"))
        }
        if let condition = conditions.last, let scores = results.last {
            try plot?.write(Data(Figure.world(scores, title: "\(run.title), \(condition.text)").svg.utf8))
        }
    }

    private func report<Scores>(
        _ current: Scored<Scores>, _ previous: Scored<Scores>?, json: (Scored<Scores>) -> JSONValue,
        table: (Scored<Scores>, Scored<Scores>?) -> String
    ) {
        guard self.json, case .object(var members) = json(current) else {
            print(table(current, previous) + (previous.map { "\nprevious: \($0.name)" } ?? ""))
            return
        }
        if let previous, case .object(let scores) = json(previous) {
            let names: [String: JSONValue] = [
                "name": .string(previous.model.name), "sha256": .string(previous.model.sha256),
            ]
            members["baseline"] = .object(names.merging(scores) { own, _ in own })
        }
        print(JSONValue.object(members).line)
    }

    private static func table(_ current: Scored<ChapterProtocol>, _ previous: Scored<ChapterProtocol>?) -> String {
        let columns = [
            ("", current.scores.blocks), ("previous: ", previous?.scores.blocks),
            ("persistence: ", current.scores.persistence),
        ].compactMap { name, blocks in blocks.map { (name, $0) } }
        var table = TextTable(header: ["hours"] + columns.flatMap { ["\($0.0)loss", "R²"] })
        for size in ChapterProtocol.blockSizes {
            table.add(
                ["\(size)"] + columns.flatMap { [fixed($0.1[size]?.loss, 6), fixed($0.1[size]?.r2, 4)] })
        }
        return "\(current.name), the weather known: protocol chapter\n\n" + table.text
    }

    private static func table(_ current: Scored<LiveProtocol>, _ previous: Scored<LiveProtocol>?) -> String {
        let scores = current.scores
        var columns: [(name: String, value: (Int) -> String)] = [
            ("lead", { "\($0 + 1)" }),
            ("n", { "\(scores.leads[$0].n)" }),
            ("RMSE", { fixed(scores.leads[$0].rmse, 1) }),
            ("MAE", { fixed(scores.leads[$0].mae, 1) }),
            ("bias", { fixed(scores.leads[$0].bias, 1) }),
            ("R²", { fixed(scores.leads[$0].r2, 3) }),
            ("skill", { fixed(scores.skill[$0], 3) }),
        ]
        if let ridge = scores.ridgeSkill { columns.append(("ridge", { fixed(ridge[$0], 3) })) }
        if let previous { columns.append(("previous", { fixed(previous.scores.skill[$0], 3) })) }
        columns += [
            ("persistence: RMSE", { fixed(scores.persistence[$0].rmse, 1) }),
            ("R²", { fixed(scores.persistence[$0].r2, 3) }),
        ]
        var table = TextTable(header: columns.map(\.name))
        for index in 0..<Forecast.leads { table.add(columns.map { $0.value(index) }) }
        let leads = LiveProtocol.quotedLeads.map(String.init).joined(separator: ", ")
        var means = "mean skill over the leads \(leads): \(fixed(scores.meanSkill, 3))"
        if let ridge = scores.ridgeMeanSkill { means += ", ridge \(fixed(ridge, 3))" }
        if let previous { means += ", previous \(fixed(previous.scores.meanSkill, 3))" }
        return "\(current.name), µg/m³: protocol live\n\n\(table.text)\n\n\(means)" + bandTable(scores)
    }

    private static func bandTable(_ scores: LiveProtocol) -> String {
        guard let bands = scores.bands, let adaptive = scores.adaptiveBands else { return "" }
        func cells(_ score: BandScore) -> [String] {
            [
                fixed(score.coverage80, 3), fixed(score.coverage95, 3), fixed(score.coverage80Above150, 3),
                fixed(score.width80, 1), fixed(score.intervalScore80, 1),
            ]
        }
        let names = ["in 80 %", "in 95 %", ">150", "width", "score"]
        var table = TextTable(header: ["lead"] + names + ["adaptive: \(names[0])"] + names.dropFirst())
        for index in 0..<Forecast.leads {
            table.add(["\(index + 1)"] + cells(bands[index]) + cells(adaptive[index]))
        }
        return """


            \(table.text)

            mean interval score of the 80 % bands over the leads above: \(fixed(scores.meanIntervalScore80, 1)), \
            adaptive \(fixed(scores.meanAdaptiveIntervalScore80, 1))
            in 80 %, in 95 %: share of the observations inside the bands; >150: inside that of 80 % where the forecast \
            is above 150
            width, score: of the 80 % bands, the interval score; adaptive: had the bands followed how often they held
            """
    }

    private static func fixed(_ value: Double?, _ digits: Int) -> String { TextTable.fixed(value, digits) }
}

/// Model files on disk.
enum ModelFile {
    /// - Throws: `DaemonError` with one line where the file cannot be read or is no model.
    static func read(_ path: String) throws -> Model {
        let text: Data
        do {
            text = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw DaemonError(.file, "\(path): cannot be read; name a model file such as models/chapter.json")
        }
        do {
            return try Model(json: text)
        } catch {
            throw DaemonError(.file, "\(path): \(error)")
        }
    }
}
