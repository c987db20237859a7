/// A challenger is trained on what was read before the last 21 days, and compared on them with the champion.
public struct Contest: Sendable {
    /// What came of it; scores go by `HoldOut.leads`.
    public struct Outcome: Sendable {
        /// What becomes of the challenger.
        public let decision: Promotion.Decision
        /// Scores of the last reading.
        public let persistence: [Score]
        /// Scores of the champion.
        public let champion: [Score]
        /// The challenger and its scores; nil where there were too few readings to train one or to score it.
        public let challenger: (model: Model, scores: [Score])?
    }

    private let champion: Model
    private let parent: Model
    private let holdOut: HoldOut
    private let doubt: String?

    /// - Parameters:
    ///   - champion: what serves.
    ///   - parent: what the challenger is trained on from, the champion itself where it can be trained on.
    ///   - doubt: what else is known against the hold-out; nothing is promoted on it then.
    public init(champion: Model, parent: Model, holdOut: HoldOut, doubt: String? = nil) {
        self.champion = champion
        self.parent = parent
        self.holdOut = holdOut
        self.doubt = doubt
    }

    /// - Parameter goesOn: told after each epoch; false ends the training.
    /// - Returns: nil where the training was ended.
    /// - Throws: `invalidArgument` for a parent that cannot be trained on.
    public func run(
        name: String, plan: FineTuningPlan = FineTuningPlan(),
        goesOn: @escaping (TrainingProgress) -> Bool = { _ in true }
    ) throws(ForecastError) -> Outcome? {
        let persistence = holdOut.persistence
        let championScores = holdOut.scores(of: champion)
        func outcome(_ decision: Promotion.Decision) -> Outcome {
            Outcome(decision: decision, persistence: persistence, champion: championScores, challenger: nil)
        }
        if let refusal = Promotion.refusal(persistence: persistence) { return outcome(refusal) }
        var isStopped = false
        let challenger: Model
        do throws(ForecastError) {
            challenger = try FineTuning(of: parent, on: holdOut.known, plan: plan) { progress in
                isStopped = !goesOn(progress)
                return !isStopped
            }.run(name: name)
        } catch  where error.code == .tooLittleData {
            return outcome(Promotion.Decision(.inconclusive, error.message))
        }
        if isStopped { return nil }
        let scores = holdOut.scores(of: challenger)
        let (held, earlier) = holdOut.character
        let decision = Promotion.decide(
            doubt: doubt, champion: Promotion.skill(of: championScores, against: persistence),
            challenger: Promotion.skill(of: scores, against: persistence), held: held, earlier: earlier)
        return Outcome(
            decision: decision, persistence: persistence, champion: championScores, challenger: (challenger, scores))
    }
}
