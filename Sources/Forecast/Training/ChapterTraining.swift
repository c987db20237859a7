import NetworkKernel

/// Trains the chapter's network, or the one it is compared with, on all but the last year of a series.
///
/// Starts are compared by the last part of what is learnt from, which they have not seen; the best one goes on with all of
/// it.
///
/// Not Sendable: one owner, and one long call.
public final class ChapterTraining {
    private let plan: TrainingPlan
    private let series: HourlySeries
    private let normalisation: Normalisation
    private let architecture: Architecture
    /// The next hour's loss, and the rollout's, on what the starts learn from.
    private let nextHour: Objective
    private let rollout: Objective
    /// The rollout's loss on what the starts are compared by, and on everything before the test year.
    private let validation: Objective
    private let whole: Objective
    /// The next hour's loss on what the starts are compared by, and the variance of its labels.
    private let unseen: Objective
    private let unseenVariance: Double
    private let goesOn: (TrainingProgress) -> Bool
    private var epoch = 0
    private var isStopped = false
    private var random: SplitMix64

    /// - Parameters:
    ///   - series: a year to be tested on, which only the scales see, and what is before it to learn from.
    ///   - architecture: `chapter` or `chapterSingle`.
    ///   - goesOn: told after each epoch; false ends the training with the best so far.
    /// - Throws: `tooLittleData`, or `invalidArgument` for a plan without epochs or starts.
    public init(
        _ series: HourlySeries, architecture: Architecture = .chapter, plan: TrainingPlan,
        goesOn: @escaping (TrainingProgress) -> Bool
    ) throws(ForecastError) {
        guard plan.epochs > 0, plan.restarts > 0 else {
            throw ForecastError(.invalidArgument, "training needs at least one epoch and one start")
        }
        let fitHours = try Backtest.firstTestRow(of: series)
        guard fitHours > Window.length + TrainingPlan.stepWeights.count else {
            throw ForecastError(.tooLittleData, "there is hardly an hour to learn from before the test year")
        }
        self.series = series
        self.architecture = architecture
        self.plan = plan
        self.goesOn = goesOn
        random = SplitMix64(seed: plan.seed)
        let samples = try Samples(series, fitHours: fitHours, architecture, plan.weather)
        normalisation = samples.normalisation
        let split = fitHours - min(Backtest.testHours, fitHours / 4)
        nextHour = samples.objective(0..<split, stepWeights: [1])
        rollout = samples.objective(0..<split, stepWeights: TrainingPlan.stepWeights)
        validation = samples.objective(split..<fitHours, stepWeights: TrainingPlan.stepWeights)
        whole = samples.objective(0..<fitHours, stepWeights: TrainingPlan.stepWeights)
        unseen = samples.objective(split..<fitHours, stepWeights: [1])
        unseenVariance = samples.variance(of: split + Window.length..<fitHours)
    }

    /// What is learnt from: the chapter fills gaps by interpolation and takes the scales of the whole file.
    private struct Samples {
        let normalisation: Normalisation
        private let shape: NetworkShape
        private let values: [Float]
        private let labels: [Float]
        private let weather: TrainingPlan.Weather

        init(
            _ series: HourlySeries, fitHours: Int, _ architecture: Architecture, _ weather: TrainingPlan.Weather
        ) throws(ForecastError) {
            shape = architecture.shape
            self.weather = weather
            let rows = series.filled(pm25: .interpolated)
            let inputs = architecture.inputs
            let lastHour = series.hours.upperBound.advanced(by: -1)
            let unscaled = WindowEncoder.unscaled(inputs)
                .encode(rows, lastHour: lastHour, longitude: series.longitude)
            guard !unscaled.contains(where: \.isNaN) else {
                throw ForecastError(
                    .tooLittleData, "the chapter's network needs every measure; one is missing throughout")
            }
            let scales = inputs.indices.map { input in
                Normalisation.Scale(
                    rangeOf: stride(from: input, to: unscaled.count, by: inputs.count).map { unscaled[$0] })
            }
            let pm25 = Normalisation.Scale(rangeOf: rows.map(\.pm25))
            normalisation = Normalisation(inputs: scales, output: pm25)
            values = WindowEncoder(features: inputs, scales: scales)
                .encode(Array(rows.prefix(fitHours)), lastHour: lastHour, longitude: series.longitude)
            labels = rows.prefix(fitHours).map { pm25.scaled($0.pm25) }
        }

        /// Variance of the labels in a range of hours.
        func variance(of hours: Range<Int>) -> Double {
            let labels = labels[hours].map(Double.init)
            let mean = labels.reduce(0, +) / Double(labels.count)
            return labels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(labels.count)
        }

        func objective(_ hours: Range<Int>, stepWeights: [Float]) -> Objective {
            let striped = StripedSeries(
                values: Array(values[hours.lowerBound * shape.inputs..<hours.upperBound * shape.inputs]),
                labels: Array(labels[hours]), inputs: shape.inputs, rolloutSteps: stepWeights.count)
            let loss = RolloutLoss(
                striped, model: shape, normalisation: normalisation, pm25: 0,
                stepWeights: stepWeights, weather: weather)
            return Objective(loss, shape: shape)
        }
    }

    /// Trains.
    ///
    /// - Parameter name: the model's name.
    /// - Returns: the best network found, with its scores in the chapter's protocol.
    public func run(name: String) throws(ForecastError) -> Model {
        var candidates: [[Double]] = []
        for restart in 1...plan.restarts where !isStopped {
            candidates.append(descend(phase: "start \(restart) of \(plan.restarts)").weights.map(Double.init))
        }
        var best = sorted(candidates, by: rollout)
        if plan.optimiser == .lbfgs, !isStopped {
            let finalists = best.prefix(TrainingPlan.finalists).enumerated().map { index, start in
                finish(
                    start, rollout, TrainingPlan.trialIterations, phase: "finalist \(index + 1)", isUnseen: true)
            }
            best = sorted(finalists, by: validation)
            best[0] = finish(best[0], whole, TrainingPlan.finalIterations, phase: "finish", isUnseen: false)
        }
        return try model(name: name, weights: best[0].map { Float($0) }, loss: whole.full(best[0]).loss)
    }

    private func sorted(_ candidates: [[Double]], by objective: Objective) -> [[Double]] {
        candidates.map { ($0, objective.full($0).loss) }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    /// One start: mini-batches of the next hour's loss with a learning rate that falls along a cosine.
    private func descend(phase: String) -> Network {
        var network = Network(shape: architecture.shape, initial: plan.initial, using: &random)
        var adam = Adam(count: network.weights.count)
        var gradient = network.weights
        var order = Array(0..<nextHour.blocks)
        for epochOfStart in 0..<plan.epochs where !isStopped {
            order.shuffle(using: &random)
            var loss = 0.0
            var windows = 0
            for first in stride(from: 0, to: order.count, by: TrainingPlan.batch) {
                let done = Float(epochOfStart) + Float(first) / Float(order.count)
                let rate = plan.optimiser.rate * cosineDecay(done / Float(plan.epochs))
                let batch = order[first..<min(first + TrainingPlan.batch, order.count)]
                let part = nextHour.batch(batch, network, gradient: &gradient)
                loss += part.loss * Double(part.n)
                windows += part.n
                if plan.optimiser == .sgd {
                    for index in gradient.indices { network.weights[index] -= rate * gradient[index] }
                } else {
                    adam.update(&network.weights, gradient: gradient, rate: rate)
                }
            }
            report(phase, loss: loss / Double(windows), unseenBy: network)
        }
        return network
    }

    private func finish(
        _ start: [Double], _ objective: Objective, _ iterations: Int, phase: String, isUnseen: Bool
    ) -> [Double] {
        guard !isStopped else { return start }
        var descent = LBFGS(from: start, objective.full)
        var losses: [Double] = []
        for _ in 0..<iterations where !isStopped {
            guard descent.step(objective.full) else { break }
            losses.append(descent.loss)
            let network = Network(shape: architecture.shape, weights: descent.point.map { Float($0) })
            report(phase, loss: descent.loss, unseenBy: isUnseen ? network : nil)
            // Float32 sums are noise below this.
            if losses.count > 20, losses[losses.count - 20] - descent.loss < 1e-5 * descent.loss { break }
        }
        return descent.point
    }

    /// - Parameter network: nil where it has learnt from the validation data.
    private func report(_ phase: String, loss: Double, unseenBy network: Network?) {
        epoch += 1
        let validationLoss = network.map(unseen.value)
        let progress = TrainingProgress(
            epoch: epoch, epochs: max(plan.length, epoch), phase: phase, loss: loss, validationLoss: validationLoss,
            validationR2: validationLoss.map { 1 - 2 * $0 / unseenVariance })
        isStopped = !goesOn(progress)
    }

    private func model(name: String, weights: [Float], loss: Double) throws(ForecastError) -> Model {
        let fitHours = series.measures.count - Backtest.testHours
        var training = plan.json
        training["first_hour"] = .string(series.start.description)
        training["last_hour"] = .string(series.start.advanced(by: fitHours - 1).description)
        training["loss"] = .number(loss)
        training["stopped_early"] = .bool(isStopped)
        let model = try Model(
            name: name, preset: architecture == .chapter ? "chapter" : "chapter-single", architecture: architecture,
            normalisation: normalisation,
            weights: weights, training: .object(training), scores: .object([:]))
        let scores = try ChapterProtocol(model, on: series)
        return try model.with(scores: .object(["chapter": scores.json(for: model)]))
    }
}
