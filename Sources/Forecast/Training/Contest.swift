/// Challengers are trained on what neither hold-out holds, each from another model; the best of them on the earlier hold-out is
/// compared with the champion on both.
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
        /// Which of the parents the challenger was trained on from.
        public let parent: Int
        /// The champion's mean skills.
        public let championSkills: Promotion.Skills
        /// The challenger's mean skills.
        public let challengerSkills: Promotion.Skills?
    }

    private let champion: Model
    private let parents: [Model]
    private let holdOut: HoldOut
    private let doubt: String?

    /// - Parameters:
    ///   - champion: what serves.
    ///   - parents: what the challengers are trained on from; at least one.
    ///   - doubt: what else is known against the hold-out; nothing is promoted on it then.
    public init(champion: Model, parents: [Model], holdOut: HoldOut, doubt: String? = nil) {
        precondition(!parents.isEmpty, "a model to train on from")
        self.champion = champion
        self.parents = parents
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
                decision: decision, persistence: persistence, champion: championScores, challenger: nil, parent: 0,
                championSkills: championSkills, challengerSkills: nil)
        }
        if let refusal = Promotion.refusal(persistence: persistence) { return outcome(refusal) }
        var isStopped = false
        var best: (parent: Int, model: Model, scores: [Score], skills: Promotion.Skills)?
        var reason = ""
        func consider(_ model: Model, parent: Int) {
            let (scores, skills) = judge(model)
            // Chosen on the earlier days, so that the last ones judge a single challenger.
            if let best, !(skills.earlier > best.skills.earlier) { return }
            best = (parent, model, scores, skills)
        }
        for (number, parent) in parents.enumerated() {
            // As it came it may be better than what serves, or than what a short history makes of it.
            if parent.architecture.bearsGaps, parent.sha256 != champion.sha256 {
                consider(try parent.named(name), parent: number)
            }
            do throws(ForecastError) {
                let tuned = try FineTuning(of: parent, on: holdOut.known, stations: holdOut.stations, plan: plan) {
                    progress in
                    isStopped = !goesOn(progress.part(number, of: parents.count))
                    return !isStopped
                }.run(name: name)
                if isStopped { return nil }
                consider(tuned, parent: number)
            } catch  where error.code == .tooLittleData {
                reason = error.message
            }
        }
        guard let best else { return outcome(Promotion.Decision(.inconclusive, reason)) }
        let (challenger, scores, skills) = (best.model, best.scores, best.skills)
        let (held, earlier) = holdOut.character
        let decision = Promotion.decide(
            doubt: doubt, champion: championSkills, challenger: skills, held: held, earlier: earlier)
        return Outcome(
            decision: decision, persistence: persistence, champion: championScores, challenger: (challenger, scores),
            parent: best.parent, championSkills: championSkills, challengerSkills: skills)
    }
}
