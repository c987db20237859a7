import Foundation
import Ingest
import TestSupport
import Testing

@testable import Forecast

/// Champion and challenger on real histories, honest and poisoned. Two members instead of eight: the rule is the same.
@Suite(.enabled(if: dataDirectory != nil)) struct ContestTests {
    private static func series(_ station: String) throws -> HourlySeries {
        let file = try requireDataDirectory().appending(
            path: "beijing-multisite/PRSA_Data_\(station)_20130301-20170228.csv")
        var series = try HourlySeries.reading(file.path(), format: .uciMultisite()).series
        series.longitude = 116.4
        return series
    }

    private static func operational() throws -> Model {
        let file = URL(filePath: #filePath).appending(path: "../../../models/operational.json").standardized
        return try Model(json: Data(contentsOf: file)).withMembers(2)
    }

    /// What a run decides that begins at the end of a history.
    private func decision(
        of challengerOf: Model, on history: HourlySeries
    ) throws -> (decision: Promotion.Decision, champion: Double, challenger: Double, model: Model?) {
        let holdOut = HoldOut(of: [history], before: history.hours.upperBound)
        let outcome = try #require(
            try Contest(champion: challengerOf, parent: challengerOf, holdOut: holdOut).run(name: "challenger"))
        return (
            outcome.decision, Promotion.skill(of: outcome.champion, against: outcome.persistence),
            outcome.challenger.map { Promotion.skill(of: $0.scores, against: outcome.persistence) } ?? .nan,
            outcome.challenger?.model
        )
    }

    @Test func explore() throws {
        let names = ["Aotizhongxin", "Changping", "Dingling", "Dongsi", "Guanyuan", "Gucheng"]
        let all = try names.map { try Self.series($0) }
        let base = try Self.operational()
        var random = SeededGenerator(seed: 1)
        for (index, whole) in all.enumerated() {
            for end in stride(from: 27_000 + index * 211, to: 35_000, by: 1700) {
                let history = whole.between(end - 26_298, end)
                let tuned = try decision(of: base, on: whole.between(max(0, end - 720 - 26_298), end - 720)).model
                let month = history.measures.suffix(720).map(\.pm25)
                let mean = month.filter { !$0.isNaN }.reduce(0, +) / 720
                let other = all[(index + 1 + end % 5) % 6].between(end - 26_298, end)
                let shuffled = month.shuffled(using: &random)
                let cases: [(String, [Float])] = [
                    ("honest", month), ("shuffled", shuffled),
                    ("gauss15", (0..<720).map { _ in max(0, mean + 15 * Self.normal(&random)) }),
                    ("gauss60", (0..<720).map { _ in max(0, mean + 60 * Self.normal(&random)) }),
                    ("other", other.measures.suffix(720).map(\.pm25)),
                ]
                for (kind, values) in cases {
                    var poisoned = history
                    for (offset, value) in values.enumerated() {
                        poisoned.measures[poisoned.measures.count - 720 + offset].pm25 = value
                    }
                    for (who, champion) in [("base", base), ("tuned", tuned ?? base)] {
                        let d = try decision(of: champion, on: poisoned)
                        print(
                            "XX", kind, who, names[index], end, d.decision.verdict,
                            String(format: "%.3f %.3f", d.champion, d.challenger), d.decision.reason)
                    }
                }
            }
        }
    }

    private static func normal(_ random: inout SeededGenerator) -> Float {
        let u = Double.random(in: 1e-9...1, using: &random)
        return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * Double.random(in: 0...1, using: &random)))
    }
}

extension HourlySeries {
    /// Rows from one to before another.
    fileprivate func between(_ first: Int, _ end: Int) -> HourlySeries {
        var series = HourlySeries(start: start.advanced(by: first), measures: Array(measures[first..<end]))
        series.longitude = longitude
        return series
    }
}

extension Model {
    /// The first few of an ensemble.
    fileprivate func withMembers(_ count: Int) throws -> Model {
        let fewer = Architecture(
            inputs: architecture.inputs, hidden: architecture.hidden, head: architecture.head,
            biases: architecture.biases, members: count)
        return try Model(
            name: name, preset: preset, architecture: fewer, normalisation: normalisation,
            weights: networks.prefix(count).flatMap(\.weights), bands: bands, training: training, scores: scores)
    }
}
