import ArgumentParser
import Forecast
import Foundation

/// `hazecast backtest`: scores a model on a file's last year, with persistence beside it.
struct BacktestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Score a model on the last year of a file, beside persistence.",
        discussion: """
            live: every hour is an origin, and only what was known then is used. This is the score to quote.
            chapter: the published protocol, which knows the weather of the hours that it forecasts.
            """)

    enum ScoringProtocol: String, ExpressibleByArgument, CaseIterable {
        case chapter, live
    }

    @Option(name: .customLong("protocol"), help: "chapter or live.")
    var scoring: ScoringProtocol = .live

    @Option(help: ArgumentHelp("The model file.", valueName: "file"))
    var model: String

    @OptionGroup var source: SeriesOption

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func run() throws {
        let model = try ModelFile.read(model)
        let series = try source.series()
        switch scoring {
        case .chapter:
            let scores = try ChapterProtocol(model, on: series)
            print(json ? scores.json(for: model).line : Self.table(scores, of: model))
        case .live:
            let scores = try LiveProtocol(model, on: series, withRidge: true)
            print(json ? scores.json.line : Self.table(scores, of: model))
        }
    }

    private static func table(_ scores: ChapterProtocol, of model: Model) -> String {
        var table = TextTable(header: ["hours", "loss", "R²", "persistence: loss", "R²"])
        for size in ChapterProtocol.blockSizes {
            guard let block = scores.blocks[size], let baseline = scores.persistence[size] else { continue }
            table.add([
                "\(size)", fixed(block.loss, 6), fixed(block.r2, 4), fixed(baseline.loss, 6), fixed(baseline.r2, 4),
            ])
        }
        return "\(model.name), \(model.architecture.parameterCount) weights, the weather known: protocol chapter\n\n"
            + table.text
    }

    private static func table(_ scores: LiveProtocol, of model: Model) -> String {
        var table = TextTable(
            header: ["lead", "n", "RMSE", "MAE", "bias", "R²", "skill", "ridge", "persistence: RMSE", "R²"])
        for lead in 1...Forecast.leads {
            let score = scores.leads[lead - 1]
            let baseline = scores.persistence[lead - 1]
            table.add([
                "\(lead)", "\(score.n)", fixed(score.rmse, 1), fixed(score.mae, 1), fixed(score.bias, 1),
                fixed(score.r2, 3), fixed(scores.skill[lead - 1], 3),
                scores.ridgeSkill.map { fixed($0[lead - 1], 3) } ?? "",
                fixed(baseline.rmse, 1), fixed(baseline.r2, 3),
            ])
        }
        let leads = LiveProtocol.quotedLeads.map(String.init).joined(separator: ", ")
        return "\(model.name), \(model.architecture.parameterCount) weights, µg/m³: protocol live\n\n\(table.text)\n\n"
            + "mean skill over the leads \(leads): \(fixed(scores.meanSkill, 3))"
    }

    private static func fixed(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
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

    /// Writes the whole file or nothing: it appears under its name only when it is complete.
    static func write(_ model: Model, to path: String) throws {
        do {
            try model.json().write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw DaemonError(.file, "\(path): cannot be written; is its folder there, and may you write in it?")
        }
    }
}
