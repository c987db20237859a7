/// Trains a relative model on, for one station or for several that one model is to serve.
///
/// Few passes at a small rate: more would forget what other stations taught. The bands stay, in units of the window and the
/// memory; a station's own factors adapt them.
struct WorldFineTuning {
    /// Hours with a pm25 that histories must have in all: with less than 90 days it does harm.
    static let leastHours = 90 * 24
    /// Windows that are learnt from at most.
    private static let mostWindows = 131_072

    let start: Model
    let histories: [HourlySeries]
    let plan: FineTuningPlan
    let goesOn: (TrainingProgress) -> Bool

    /// The members after fine-tuning; nil where it was stopped on the way.
    func weights() -> [[Float]]? {
        let sources = histories.enumerated().map { index, history in
            // Every history counts as a country, so that each is drawn by the square root of its size.
            let station = WorldStation(id: "\(index)", country: "\(index)", series: history)
            return station.source(0..<history.measures.count)
        }
        let windows = min(sources.reduce(0) { $0 + $1.origins.count }, Self.mostWindows)
        let descent = Descent(batch: 4, rates: (0.0005, 0), decay: 0, averaging: 0.98, epochs: plan.epochs)
        var epoch = 0
        var tuned: [[Float]] = []
        for (index, network) in start.networks.enumerated() {
            var random = SplitMix64(seed: plan.seed &* 1_000_003 &+ UInt64(index))
            let samples = WorldSamples(
                sources, start.architecture, windows: windows, varies: false, using: &random)
            var member = WorldMember(network, samples, descent, random)
            for _ in 0..<plan.epochs {
                let loss = member.runEpoch()
                epoch += 1
                let progress = TrainingProgress(
                    epoch: epoch, epochs: start.networks.count * plan.epochs,
                    phase: "member \(index + 1) of \(start.networks.count)", loss: loss)
                if !goesOn(progress) { return nil }
            }
            tuned.append(member.weights)
        }
        return tuned
    }
}
