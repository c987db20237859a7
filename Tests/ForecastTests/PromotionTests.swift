import Testing

@testable import Forecast

/// The rule by which a challenger takes the champion's place.
struct PromotionTests {
    private static let earlier = (0..<101).map { block in
        BlockCharacter(
            persistence: HoldOut.leads.map { 10 + Double($0) + Double(block) / 10 }, median: 40 + Double(block) / 2)
    }
    private static let usual = BlockCharacter(persistence: HoldOut.leads.map { 15 + Double($0) }, median: 60)

    struct Case: CustomTestStringConvertible {
        let name: String
        var champion = 0.2
        var challenger = 0.25
        /// On the earlier 21 days.
        var before = (champion: 0.3, challenger: 0.31)
        var held: BlockCharacter? = usual
        var earlier = PromotionTests.earlier
        let verdict: Promotion.Verdict
        let says: String
        var doubt: String?

        var testDescription: String { name }
    }

    private static func held(_ change: (inout BlockCharacter) -> Void) -> BlockCharacter {
        var block = usual
        change(&block)
        return block
    }

    static let cases = [
        Case(name: "better by more than the margin", verdict: .promoted, says: "0.250 against the champion's 0.200"),
        Case(name: "better by the margin", champion: 0.25, challenger: 0.26, verdict: .promoted, says: "0.260"),
        Case(name: "better by less", challenger: 0.2099, verdict: .rejected, says: "it takes 0.210"),
        Case(
            name: "better now, not so before", before: (0.3, 0.3099), verdict: .rejected,
            says: "on the 21 days that ended 60 days ago 0.310 against 0.300: it takes 0.310 there, too"),
        Case(
            name: "better now, nothing before", before: (.nan, .nan), verdict: .inconclusive,
            says: "the 21 days that ended 60 days ago have too few readings"),
        Case(name: "worse", challenger: 0.1, verdict: .rejected, says: "it takes 0.210"),
        Case(
            name: "better than a bad champion, worse than persistence", champion: -0.5, challenger: -0.1,
            verdict: .rejected, says: "no better than persistence"),
        Case(
            name: "as good as persistence", champion: -0.5, challenger: 0, verdict: .rejected,
            says: "no better than persistence"),
        Case(name: "no number", challenger: .nan, verdict: .rejected, says: "no better than persistence"),
        Case(name: "a champion without a number", champion: .nan, verdict: .rejected, says: "it takes nan"),
        Case(
            name: "persistence without error", held: held { $0.persistence[0] = 0 }, verdict: .inconclusive,
            says: "without error at lead 1"),
        Case(
            name: "wilder than ever", held: held { $0.persistence = $0.persistence.map { $0 * 2 } },
            verdict: .inconclusive, says: "persistence misses by, in µg/m³: 49.6; usually 20.2 to 29.5"),
        Case(
            name: "calmer than ever", held: held { $0.persistence = $0.persistence.map { $0 / 2 } },
            verdict: .inconclusive, says: "usually 20.2 to 29.5"),
        Case(
            name: "noise of the usual size", held: held { $0.persistence = $0.persistence.map { _ in 25 } },
            verdict: .inconclusive, says: "as a share of lead 24: 1.00; usually 0.33 to 0.48"),
        Case(name: "a doubt", verdict: .inconclusive, says: "it is another's", doubt: "it is another's"),
        Case(
            name: "lower than ever", held: held { $0.median = 40.4 }, verdict: .inconclusive,
            says: "their median is, in µg/m³: 40.4; usually 40.5 to 89.5"),
        Case(name: "as low as the 1st percentile", held: held { $0.median = 40.5 }, verdict: .promoted, says: ""),
        Case(name: "higher than ever", held: held { $0.median = 95 }, verdict: .inconclusive, says: "median"),
        Case(name: "nothing before", earlier: [], verdict: .inconclusive, says: "no 21 days before"),
        Case(name: "too few readings", held: nil, verdict: .inconclusive, says: "too few readings"),
        Case(
            name: "strange and worse", challenger: 0, held: held { $0.median = 0 }, verdict: .inconclusive,
            says: "median"),
    ]

    @Test(arguments: cases) func rule(_ it: Case) {
        let decision = Promotion.decide(
            doubt: it.doubt, champion: Promotion.Skills(last: it.champion, earlier: it.before.champion),
            challenger: Promotion.Skills(last: it.challenger, earlier: it.before.challenger), held: it.held,
            earlier: it.earlier)
        #expect(decision.verdict == it.verdict)
        #expect(it.says.isEmpty || decision.reason.contains(it.says), "\(decision.reason)")
    }

    @Test func tooFewOriginsAtALeadAreRefused() {
        var scores = [Score](repeating: Score(), count: HoldOut.leads.count)
        for index in scores.indices {
            for pair in 0..<(index == 3 ? 199 : 200) { scores[index].add(predicted: 1, observed: Float(pair)) }
        }
        #expect(
            Promotion.refusal(persistence: scores)?.reason
                == "the last 21 days have 199 origins to score at lead 8; it takes 200")
        scores[3].add(predicted: 1, observed: 2)
        #expect(Promotion.refusal(persistence: scores) == nil)
    }

    @Test func skillIsTheMeanOverTheLeads() {
        var persistence = [Score](repeating: Score(), count: 2)
        var model = persistence
        for (index, error) in [Float(1), 3].enumerated() {
            persistence[index].add(predicted: 4, observed: 0)
            model[index].add(predicted: error, observed: 0)
        }
        #expect(Promotion.skill(of: model, against: persistence) == (1 - 1.0 / 16 + 1 - 9.0 / 16) / 2)
    }
}
