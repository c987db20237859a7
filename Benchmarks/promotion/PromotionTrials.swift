import Foundation
import Ingest
import Synchronization

@testable import Forecast

/// How often the rule of promotion lets honest, poisoned and shifted histories promote a challenger.
///
///     PromotionTrials MODEL DATA
///
/// Each trial is a station of the multi-site data with three years before one of twelve ends, 29 days apart. Champions and
/// challengers are fine-tuned as a training run does it, without bands, which the rule does not look at. Prints a table.
@main final class PromotionTrials: Sendable {
    private static let names = ["Aotizhongxin", "Changping", "Dingling", "Dongsi", "Guanyuan", "Gucheng"]
    private static let month = 30 * 24

    private let root: Model
    private let stations: [HourlySeries]
    private let embassy: HourlySeries
    private let results = Mutex<[Result]>([])

    private struct Result: Sendable {
        let kind: String
        let champion: String
        let decision: Promotion.Decision
        /// What the last 21 days alone would have decided.
        let last: Promotion.Decision
        /// Skill that the challenger has more than the champion on what the station has really read in the last 21 days.
        let gain: Double
    }

    private init(model: String, data: String) throws {
        root = try Model(json: Data(contentsOf: URL(filePath: model)))
        func read(_ file: String, _ format: String) throws -> HourlySeries {
            var series = try HourlySeries.reading("\(data)/\(file)", as: .named(format)).series
            series.longitude = 116.4
            return series
        }
        stations = try Self.names.map {
            try read("beijing-multisite/PRSA_Data_\($0)_20130301-20170228.csv", "uci-multisite")
        }
        embassy = try read("beijing-pm25-2010-2014.csv", "uci-beijing")
    }

    private func tuned(on histories: [HourlySeries]) throws -> Model {
        try FineTuning(of: root, on: histories, plan: FineTuningPlan()) { _ in true }.ensemble(
            "tuned", before: histories.map(\.measures.count), phase: "")
    }

    /// What a run trains that begins some days before the end of a history.
    private func challenger(on history: HourlySeries, daysBefore days: Int = 0) throws -> Model {
        try tuned(on: HoldOut(of: [history], before: history.hours.upperBound.advanced(by: -24 * days)).known)
    }

    private func skills(_ model: Model, _ holdOut: HoldOut) -> Promotion.Skills {
        func skill(_ hours: Range<UTCHour>) -> Double {
            Promotion.skill(of: holdOut.scores(of: model, in: hours), against: holdOut.persistence(in: hours))
        }
        return Promotion.Skills(last: skill(holdOut.range), earlier: skill(holdOut.earlier))
    }

    /// - Parameter own: what the station has really read.
    private func judge(
        _ kind: String, _ history: HourlySeries, own: HourlySeries, _ challenger: Model, against champion: Model,
        called name: String
    ) {
        let holdOut = HoldOut(of: [history], before: history.hours.upperBound)
        let truth = HoldOut(of: [own], before: own.hours.upperBound)
        let (held, earlier) = holdOut.character
        let (old, new) = (skills(champion, holdOut), skills(challenger, holdOut))
        func decide(_ earlierOld: Double, _ earlierNew: Double) -> Promotion.Decision {
            Promotion.decide(
                champion: Promotion.Skills(last: old.last, earlier: earlierOld),
                challenger: Promotion.Skills(last: new.last, earlier: earlierNew), held: held, earlier: earlier)
        }
        let result = Result(
            kind: kind, champion: name, decision: decide(old.earlier, new.earlier), last: decide(0, 1),
            gain: skills(challenger, truth).last - skills(champion, truth).last)
        results.withLock { $0.append(result) }
    }

    /// One station and end: histories that begin alike, and champions of several ages.
    private func run(station: Int, end: Int) throws {
        let range = end - 26_298..<end
        let own = stations[station].part(range)
        let first = own.measures.count - Self.month
        func replaced(_ pm25: (UTCHour) -> Float) -> HourlySeries {
            var history = own
            for row in first..<history.measures.count {
                history.measures[row].pm25 = pm25(own.start.advanced(by: row))
            }
            return history
        }
        func other(_ distance: Int) -> HourlySeries { stations[(station + distance) % stations.count] }
        let histories = [
            ("honest", own), ("neighbour", replaced { other(1)[$0].pm25 }),
            ("neighbour", replaced { other(3)[$0].pm25 }),
            ("elsewhere", replaced { embassy[$0.advanced(by: -1461 * 24)].pm25 }),
        ]
        var champions = try [0, 30, 75, 365].map { ("\($0) days old", try challenger(on: own, daysBefore: $0)) }
        champions.append(("pretrained", root))
        champions.append(("another station's", try challenger(on: other(2).part(range), daysBefore: 30)))
        for (kind, history) in histories {
            let challenger = try challenger(on: history)
            for (name, champion) in champions {
                judge(kind, history, own: own, challenger, against: champion, called: name)
            }
        }
    }

    /// A level that changes some days before the end and stays so; the champion is from before.
    private func shift(station: Int, end: Int, days: Int) throws {
        let own = stations[station].part(end - 26_298..<end)
        let champion = try challenger(on: own, daysBefore: days)
        for (kind, shifted) in [("+60", { $0 + 60 }), ("x2", { $0 * 2 })] as [(String, (Float) -> Float)] {
            var history = own
            for row in own.measures.count - days * 24..<own.measures.count {
                history.measures[row].pm25 = shifted(own.measures[row].pm25)
            }
            judge(
                "\(kind) since \(days) days", history, own: history, try challenger(on: history), against: champion,
                called: "from before")
        }
    }

    private func print() {
        Swift.print(
            "history                champion           trials  inconclusive  by 21 days  promoted  of them worse")
        let groups = Dictionary(grouping: results.withLock { $0 }) { [$0.kind, $0.champion] }
        for (key, trials) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let promoted = trials.filter { $0.decision.verdict == .promoted }
            let numbers = [
                trials.count, trials.count { $0.decision.verdict == .inconclusive },
                trials.count { $0.last.verdict == .promoted }, promoted.count, promoted.count { $0.gain < 0 },
            ]
            Swift.print(
                key[0].padding(toLength: 22, withPad: " ", startingAt: 0),
                key[1].padding(toLength: 18, withPad: " ", startingAt: 0),
                numbers.map { String(format: "%8d", $0) }.joined(separator: "  "),
                String(format: "  %+.4f", promoted.reduce(0) { $0 + $1.gain } / Double(max(promoted.count, 1))))
        }
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else {
            Swift.print("usage: PromotionTrials MODEL DATA")
            exit(64)
        }
        let trials = try PromotionTrials(model: arguments[1], data: arguments[2])
        let ends = (0..<12).map { 35_064 - $0 * 29 * 24 }
        let places = ends.flatMap { end in names.indices.map { (end, $0) } }
        let failures = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: places.count) { index in
            let (end, station) = places[index]
            do {
                try trials.run(station: station, end: end)
                if ends.firstIndex(of: end).map({ $0 % 3 == 0 }) == true {
                    for days in [40, 60, 75, 90, 120] { try trials.shift(station: station, end: end, days: days) }
                }
            } catch {
                FileHandle.standardError.write(Data("\(names[station]): \(error)\n".utf8))
                failures.withLock { $0 += 1 }
            }
        }
        trials.print()
        exit(failures.withLock { $0 } == 0 ? 0 : 1)
    }
}
