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
        var series = try HourlySeries.reading(file.path(), as: .named("uci-multisite")).series
        series.longitude = 116.4
        return series
    }

    private static func operational() throws -> Model {
        let file = URL(filePath: #filePath).appending(path: "../../../models/operational.json").standardized
        return try Model(json: Data(contentsOf: file)).withMembers(2)
    }

    /// What a run decides that begins at the end of a history; the challenger comes from the general model.
    private func decision(
        against champion: Model, on history: HourlySeries, doubt: String? = nil
    ) throws -> (decision: Promotion.Decision, champion: Promotion.Skills, challenger: Promotion.Skills?) {
        let holdOut = HoldOut(of: [history], before: history.hours.upperBound)
        let outcome = try #require(
            try Contest(champion: champion, parents: [Self.operational()], holdOut: holdOut, doubt: doubt)
                .run(name: "challenger"))
        return (outcome.decision, outcome.championSkills, outcome.challengerSkills)
    }

    /// What a run trained that began some days before the end of a history.
    private static func champion(on history: HourlySeries, daysBefore days: Int) throws -> Model {
        let holdOut = HoldOut(of: [history], before: history.hours.upperBound.advanced(by: -24 * days))
        return try FineTuning(of: operational(), on: holdOut.known, plan: FineTuningPlan()) { _ in true }
            .run(name: "champion")
    }

    /// Three years up to a row of a station.
    private static func history(_ station: String, before end: Int) throws -> HourlySeries {
        try series(station).between(end - 26_298, end)
    }

    /// The history with another last month.
    private static func poisoned(_ history: HourlySeries, _ pm25: (_ hour: Int, _ month: [Float]) -> Float)
        -> HourlySeries
    {
        var poisoned = history
        let first = history.measures.count - 720
        let month = history.measures.suffix(720).map(\.pm25)
        for hour in 0..<720 { poisoned.measures[first + hour].pm25 = pm25(hour, month) }
        return poisoned
    }

    private static let end = 28_700

    @Test func anHonestChallengerBeatsTheGeneralModel() throws {
        let result = try decision(against: Self.operational(), on: Self.history("Aotizhongxin", before: Self.end))
        #expect(result.decision.verdict == .promoted, "\(result.decision.reason)")
        let challenger = try #require(result.challenger)
        #expect(challenger.last >= result.champion.last + Promotion.margin)
        #expect(challenger.earlier >= result.champion.earlier + Promotion.margin)
    }

    /// On what is no air at all, a challenger that has learnt a week of it wins by far: nothing is proven by that.
    @Test(arguments: ["noise", "own values in any order", "zeros", "a constant"])
    func aPoisonedMonthPromotesNobody(_ kind: String) throws {
        var random = SeededGenerator(seed: 1)
        let history = try Self.history("Aotizhongxin", before: Self.end)
        let order = (0..<720).shuffled(using: &random)
        let poisoned = Self.poisoned(history) { hour, month in
            switch kind {
            case "noise": max(0, 80 + 60 * Self.normal(&random))
            case "zeros": 0
            case "a constant": 55
            default: month[order[hour]]
            }
        }
        let result = try decision(against: Self.operational(), on: poisoned)
        #expect(result.decision.verdict == .inconclusive, "\(result.decision.reason)")
    }

    private static let champions = Result {
        let history = try ContestTests.history("Aotizhongxin", before: end)
        return try [0, 30].map { try champion(on: history, daysBefore: $0) }
    }

    /// Another station's air is air, and nothing says here that it is another's. A challenger that has learnt some days of it
    /// may well be ahead on the weeks that follow, but not on those before, which are the station's own.
    @Test(arguments: ["Changping", "Dingling", "Dongsi", "Guanyuan", "Gucheng"])
    func aMonthOfAnotherStationPromotesNobody(_ donor: String) throws {
        let history = try Self.history("Aotizhongxin", before: Self.end)
        let other = try Self.history(donor, before: Self.end).measures.suffix(720).map(\.pm25)
        let poisoned = Self.poisoned(history) { hour, _ in other[hour] }
        for champion in try Self.champions.get() {
            let result = try decision(against: champion, on: poisoned)
            #expect(result.decision.verdict != .promoted, "\(result.decision.reason)")
        }
    }

    /// With the other station in the database not even a better challenger is believed.
    @Test func aDoubtPromotesNobody() throws {
        let result = try decision(
            against: Self.operational(), on: Self.history("Aotizhongxin", before: Self.end),
            doubt: "the readings of 'Dingling'")
        #expect(result.decision.verdict == .inconclusive)
        #expect(result.decision.reason == "the readings of 'Dingling'")
    }

    /// Of a step by 60 µg/m³ that stays a challenger has seen nothing after ten days, enough to be better after forty, and by
    /// ninety it is better on the weeks of two months ago as well.
    @Test(arguments: [(10, Promotion.Verdict.rejected), (40, .rejected), (90, .promoted)])
    func aLastingShiftIsBelievedOnceItHasLasted(_ days: Int, _ verdict: Promotion.Verdict) throws {
        var history = try Self.history("Aotizhongxin", before: 30_500)
        let own = try Self.champion(on: history, daysBefore: days)
        for row in history.measures.count - days * 24..<history.measures.count { history.measures[row].pm25 += 60 }
        let result = try decision(against: own, on: history)
        #expect(result.decision.verdict == verdict, "\(result.decision.reason)")
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
