/// A challenger is trained on what neither hold-out holds, and compared with the champion on both.
public struct Contest: Sendable {
    /// What came of it; scores are of the last 21 days and go by `HoldOut.leads`.
    public struct Outcome: Sendable {
        /// What becomes of the challenger.
        public let decision: Promotion.Decision
        /// Scores of the last reading.
        public let persistence: [Score]
        /// Scores of the champion.
        public let champion: [Score]
        /// The challenger and its scores; nil where there were too few readings to train one or to score it.
        public let challenger: (model: Model, scores: [Score])?
        /// The champion's mean skills.
        public let championSkills: Promotion.Skills
        /// The challenger's mean skills.
        public let challengerSkills: Promotion.Skills?
    }

    private let champion: Model
    private let parent: Model
    private let holdOut: HoldOut
    private let doubt: String?

    /// - Parameters:
    ///   - champion: what serves.
    ///   - parent: what the challenger is trained on from.
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
        let persistence = holdOut.persistence(in: holdOut.range)
        let before = holdOut.persistence(in: holdOut.earlier)
        let hasEarlier = Promotion.refusal(persistence: before) == nil
        func judge(_ model: Model) -> (scores: [Score], skills: Promotion.Skills) {
            let scores = holdOut.scores(of: model, in: holdOut.range)
            let earlier =
                hasEarlier
                ? Promotion.skill(of: holdOut.scores(of: model, in: holdOut.earlier), against: before) : .nan
            return (
                scores,
                Promotion.Skills(last: Promotion.skill(of: scores, against: persistence), earlier: earlier)
            )
        }
        let (championScores, championSkills) = judge(champion)
        func outcome(_ decision: Promotion.Decision) -> Outcome {
            Outcome(
                decision: decision, persistence: persistence, champion: championScores, challenger: nil,
                championSkills: championSkills, challengerSkills: nil)
        }
        if let refusal = Promotion.refusal(persistence: persistence) { return outcome(refusal) }
        var isStopped = false
        let challenger: Model
        do throws(ForecastError) {
            challenger = try FineTuning(of: parent, on: holdOut.known, stations: holdOut.stations, plan: plan) {
                progress in
                isStopped = !goesOn(progress)
                return !isStopped
            }.run(name: name)
        } catch  where error.code == .tooLittleData {
            return outcome(Promotion.Decision(.inconclusive, error.message))
        }
        if isStopped { return nil }
        let (scores, skills) = judge(challenger)
        let (held, earlier) = holdOut.character
        let decision = Promotion.decide(
            doubt: doubt, champion: championSkills, challenger: skills, held: held, earlier: earlier)
        return Outcome(
            decision: decision, persistence: persistence, champion: championScores, challenger: (challenger, scores),
            championSkills: championSkills, challengerSkills: skills)
    }
}
