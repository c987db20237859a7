import Foundation

/// Whether a challenger takes the champion's place.
public enum Promotion {
    /// Days that are held out, and in the blocks that they are compared with.
    public static let days = 21
    /// How many days ago the second hold-out ended: whatever is newer than that may be somebody else's mistake.
    public static let earlierDays = 60
    /// What a challenger's mean skill must be above the champion's on each hold-out.
    public static let margin = 0.01
    /// Origins that must be scored at every lead.
    public static let leastOrigins = 200
    /// Share of the earlier blocks below and above what is usual.
    public static let tail = 0.01

    /// What becomes of a challenger.
    public enum Verdict: String, Sendable {
        /// It serves from now on.
        case promoted
        /// The champion serves on.
        case rejected
        /// The hold-out proves nothing; the champion serves on.
        case inconclusive
    }

    /// Mean skills of a model on the two hold-outs; NaN where too little was observed.
    public struct Skills: Sendable, Equatable {
        /// On the last 21 days.
        public var last: Double
        /// On the 21 days that ended 60 days ago.
        public var earlier: Double

        /// Skills from their numbers.
        public init(last: Double, earlier: Double) {
            self.last = last
            self.earlier = earlier
        }
    }

    /// A verdict, and why in words for a person.
    public struct Decision: Sendable, Equatable {
        /// What becomes of the challenger.
        public var verdict: Verdict
        /// One line.
        public var reason: String

        init(_ verdict: Verdict, _ reason: String) {
            self.verdict = verdict
            self.reason = reason
        }
    }

    /// Mean skill against persistence over the leads; NaN where something was not scored.
    public static func skill(of scores: [Score], against persistence: [Score]) -> Double {
        zip(scores, persistence).reduce(0) { $0 + $1.0.skill(against: $1.1) } / Double(scores.count)
    }

    /// Why a hold-out cannot be scored on, before anything has been trained; nil where it can.
    public static func refusal(persistence: [Score]) -> Decision? {
        for (lead, score) in zip(HoldOut.leads, persistence) where score.n < leastOrigins {
            return Decision(
                .inconclusive,
                "the last \(days) days have \(score.n) origins to score at lead \(lead); it takes \(leastOrigins)")
        }
        return nil
    }

    /// The rule. A hold-out that is not like the station proves nothing, whoever wins on it; nor does a gain on the last days
    /// alone.
    ///
    /// - Parameters:
    ///   - doubt: what else is known against the hold-out.
    ///   - champion: its mean skills against persistence.
    ///   - challenger: the same, of the model that was trained on neither hold-out.
    ///   - held: what the last days are like; nil where there are too few readings to say.
    ///   - earlier: what the blocks before them are like.
    public static func decide(
        doubt: String? = nil, champion: Skills, challenger: Skills, held: BlockCharacter?, earlier: [BlockCharacter]
    ) -> Decision {
        if let doubt { return Decision(.inconclusive, doubt) }
        guard let held else { return Decision(.inconclusive, "the last \(days) days have too few readings") }
        if let strangeness = strangeness(of: held, among: earlier) { return Decision(.inconclusive, strangeness) }
        let skills = "mean skill \(text(challenger.last)) against the champion's \(text(champion.last))"
        // In a form that no NaN passes.
        guard challenger.last > 0 else {
            return Decision(.rejected, "\(skills): the challenger is no better than persistence")
        }
        guard challenger.last >= champion.last + margin else {
            return Decision(.rejected, "\(skills): it takes \(text(champion.last + margin))")
        }
        let before = "the \(days) days that ended \(earlierDays) days ago"
        guard !challenger.earlier.isNaN, !champion.earlier.isNaN else {
            return Decision(
                .inconclusive, "\(skills), but \(before) have too few readings to show that it is no accident")
        }
        let both = "\(skills), on \(before) \(text(challenger.earlier)) against \(text(champion.earlier))"
        guard challenger.earlier >= champion.earlier + margin else {
            return Decision(.rejected, "\(both): it takes \(text(champion.earlier + margin)) there, too")
        }
        return Decision(.promoted, both)
    }

    /// What makes a hold-out unlike the blocks before it; nil where it is like them.
    static func strangeness(of held: BlockCharacter, among earlier: [BlockCharacter]) -> String? {
        if let index = held.persistence.firstIndex(where: { !($0 > 0) }) {
            return "persistence is without error at lead \(HoldOut.leads[index]) in the last \(days) days"
        }
        if earlier.isEmpty { return "there are no \(days) days before the last \(days) to compare them with" }
        let traits: [(name: String, value: KeyPath<BlockCharacter, Double>, digits: Int)] = [
            ("persistence misses by, in µg/m³", \.rmse, 1),
            // Noise forgets within the hour; no scale hides that.
            ("persistence misses by at lead 1, as a share of lead 24", \.forgetting, 2),
            ("their median is, in µg/m³", \.median, 1),
        ]
        for trait in traits {
            let usual = usual(earlier.map { $0[keyPath: trait.value] })
            let value = held[keyPath: trait.value]
            if !usual.contains(value) {
                return "the last \(days) days are not like the station: \(trait.name): \(text(value, trait.digits)); "
                    + "usually \(text(usual.lowerBound, trait.digits)) to \(text(usual.upperBound, trait.digits))"
            }
        }
        return nil
    }

    /// From the 1st to the 99th percentile, linear between neighbours.
    private static func usual(_ values: [Double]) -> ClosedRange<Double> {
        let sorted = values.sorted()
        func percentile(_ share: Double) -> Double {
            let rank = share * Double(sorted.count - 1)
            let below = Int(rank)
            let above = min(below + 1, sorted.count - 1)
            return sorted[below] + (sorted[above] - sorted[below]) * (rank - Double(below))
        }
        return percentile(tail)...percentile(1 - tail)
    }

    private static func text(_ value: Double, _ digits: Int = 3) -> String { String(format: "%.\(digits)f", value) }
}
