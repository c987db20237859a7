import ArgumentParser
import Forecast
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

            The history is a file, or a station of the database. Of a folder each station has a line with its mean skill.
            """)

    enum ScoringProtocol: String, ExpressibleByArgument, CaseIterable {
        case chapter, live
    }

    @Option(name: .customLong("protocol"), help: "chapter or live.")
    var scoring: ScoringProtocol = .live

    @Option(help: ArgumentHelp("The model file.", valueName: "file"))
    var model: String

    @OptionGroup var history: HistoryOptions

    @Option(help: ArgumentHelp("A previous model, scored beside it.", valueName: "file"))
    var baseline: String?

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @Option(help: ArgumentHelp("Draw the scores as an SVG file, too.", valueName: "file"))
    var plot: String?

    func validate() throws { try history.check("score") }

    func run() async throws {
        let plot = try plot.map { try OutputFile($0) }
        let model = try ModelFile.read(model)
        let baseline = try baseline.map { try ModelFile.read($0) }
        let (stations, _) = try await history.load(applicationName: "hazecast backtest")
        guard let series = stations.first?.series, stations.count == 1 else {
            guard scoring == .live, baseline == nil, plot == nil else {
                throw DaemonError(
                    .configuration,
                    "--protocol chapter, --baseline and --plot score one station, and --data holds \(stations.count)")
            }
            return report(model, on: stations)
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

    /// A line for each station.
    private func report(_ model: Model, on stations: [StationSeries]) {
        for station in stations {
            let skill = meanSkill(model, on: station)
            print(
                json
                    ? JSONValue.object(["station": .string(station.id), "mean_skill": .number(skill ?? .nan)]).line
                    : "\(station.id): mean skill \(Self.fixed(skill, 3))")
        }
    }

    /// A station's mean skill; where it has none, nil and the reason on stderr.
    private func meanSkill(_ model: Model, on station: StationSeries) -> Double? {
        do throws(ForecastError) {
            let skill = try LiveProtocol(model, on: station.series).meanSkill
            if skill.isFinite { return skill }
        } catch {
            StandardError.print("\(station.id): no score: \(error)")
            return nil
        }
        let missing = MeasureColumn.allCases.filter { column in
            station.series.measures.allSatisfy { $0[column].isNaN }
        }
        let reason =
            missing.isEmpty
            ? "no hour of the last year can be scored"
            : "\(model.name) needs \(missing.map(\.rawValue).joined(separator: ", ")), which the readings lack"
        StandardError.print("\(station.id): no score: \(reason)")
        return nil
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

    private static func fixed(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: "%.\(digits)f", value)
    }
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
