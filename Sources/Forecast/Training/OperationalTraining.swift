import Foundation

/// Trains the operational network on all but the last year of a series, which nothing here looks at.
///
/// For each of the last years of the fit data, three at most, an ensemble is trained on everything but that year, and the
/// bands are learnt from the errors of all of them there. The one that forecasts is trained on everything. Epochs are fixed
/// beforehand.
///
/// Not Sendable: one owner, and one long call.
public final class OperationalTraining {
    private let plan: OperationalPlan
    private let architecture: Architecture
    private let series: HourlySeries
    private let fitHours: Int
    private let goesOn: (TrainingProgress) -> Bool
    private var epoch = 0
    private var isStopped = false

    /// - Parameters:
    ///   - series: a year to be tested on, a year to learn the bands from, and at least some weeks before.
    ///   - goesOn: told after each epoch; false ends the training with the best so far.
    /// - Throws: `tooLittleData`, or `invalidArgument` for a plan without epochs or members.
    public init(
        _ series: HourlySeries, plan: OperationalPlan, goesOn: @escaping (TrainingProgress) -> Bool
    ) throws(ForecastError) {
        guard plan.epochs > 0, (1...Architecture.mostMembers).contains(plan.members) else {
            throw ForecastError(
                .invalidArgument, "training needs an epoch, and 1 to \(Architecture.mostMembers) members")
        }
        fitHours = try Backtest.firstTestRow(of: series)
        guard fitHours >= OperationalPlan.bandHours + OperationalPlan.leastHours else {
            throw ForecastError(
                .tooLittleData, "the operational network needs two years and a month of readings at least")
        }
        let base = Architecture.operational
        architecture = Architecture(
            inputs: base.inputs, hidden: base.hidden, head: base.head, biases: base.biases, members: plan.members)
        self.series = series
        self.plan = plan
        self.goesOn = goesOn
    }

    /// Trains.
    ///
    /// - Parameter name: the model's name.
    /// - Returns: the ensemble with its bands and its scores in the live protocol.
    public func run(name: String) throws(ForecastError) -> Model {
        let known = series.part(..<fitHours)
        var blind: Model?
        var errors = BandTable.Errors()
        for year in 0..<bandYears where !isStopped {
            let end = fitHours - year * OperationalPlan.bandHours
            let unseen = LiveOrigins(known, end - OperationalPlan.bandHours..<end)
            let before = known.part(..<unseen.range.lowerBound)
            let model = try ensemble(
                name, on: year == 0 ? [before] : [before, known.part(end...)],
                phase: "for the bands, \(year + 1) of \(bandYears)", unseen: year == 0 ? unseen : nil)
            // One that was stopped under way is used only if there is no other.
            guard blind == nil || !isStopped else { break }
            errors.add(model, at: unseen)
            blind = blind ?? model
        }
        let model = if isStopped, let blind { blind } else { try ensemble(name, on: [known], phase: "to serve") }
        let scored = try model.with(bands: BandTable(learntFrom: errors), scores: .object([:]))
        return try scored.with(scores: .object(["live": LiveProtocol(scored, on: series).json]))
    }

    /// Years of the fit data that bands are learnt from.
    private var bandYears: Int {
        min(OperationalPlan.mostBandYears, (fitHours - OperationalPlan.leastHours) / OperationalPlan.bandHours)
    }

    /// - Parameters:
    ///   - pieces: runs of hours that are learnt from.
    ///   - unseen: where each member is scored after every epoch.
    private func ensemble(
        _ name: String, on pieces: [HourlySeries], phase: String, unseen: LiveOrigins? = nil
    ) throws(ForecastError) -> Model {
        guard pieces.contains(where: { $0.measures.contains { !$0.pm25.isNaN } }) else {
            throw ForecastError(.tooLittleData, "there is no pm25 to learn from")
        }
        let origins = pieces.map { LiveOrigins($0, Window.length - 1..<$0.measures.count - 1) }
        let normalisation = try scales(of: origins)
        let leadWeights = (1...Forecast.leads).map { pow(Float($0), -OperationalPlan.leadPower) }
        let losses = origins.map { ChangeLoss($0, architecture, normalisation, leadWeights: leadWeights) }
        let objective = Objective(PooledLoss(losses), shape: architecture.shape)
        let windows = unseen?.windows ?? []
        let skill = unseen.map { origins in
            { (weights: [Float]) -> Double? in
                let member = try? self.model(name, normalisation, [weights], training: [:])
                return member.map {
                    LiveProtocol($0.forecast(windows, contexts: origins.contexts), at: origins).meanSkill
                }
            }
        }
        var weights: [[Float]] = []
        for member in 0..<plan.members where weights.isEmpty || !isStopped {
            weights.append(
                train(
                    member, objective, phase: "member \(member + 1) of \(plan.members) \(phase)",
                    validationSkill: { skill?($0) }))
        }
        var training = plan.json
        training["first_hour"] = .string(pieces[0].start.description)
        training["last_hour"] = .string(pieces[pieces.count - 1].hours.upperBound.advanced(by: -1).description)
        training["stopped_early"] = .bool(isStopped)
        return try model(name, normalisation, weights, training: training)
    }

    private func model(
        _ name: String, _ normalisation: Normalisation, _ members: [[Float]], training: [String: JSONValue]
    ) throws(ForecastError) -> Model {
        let trained = Architecture(
            inputs: architecture.inputs, hidden: architecture.hidden, head: architecture.head,
            biases: architecture.biases, members: members.count)
        return try Model(
            name: name, preset: "operational", architecture: trained, normalisation: normalisation,
            weights: members.flatMap { $0 }, training: .object(training), scores: .object([:]))
    }

    /// Mean and deviation of every input, over the fit data; changes of pm25 in deviations of pm25.
    private func scales(of pieces: [LiveOrigins]) throws(ForecastError) -> Normalisation {
        let inputs = architecture.inputs
        let values = pieces.flatMap { origins in
            WindowEncoder.unscaled(inputs).encode(
                origins.rows, lastHour: origins.series.hours.upperBound.advanced(by: -1),
                longitude: origins.series.longitude)
        }
        guard !values.contains(where: \.isNaN) else {
            throw ForecastError(
                .tooLittleData, "the operational network needs every measure; one is missing throughout")
        }
        let scales = inputs.indices.map { input in
            Normalisation.Scale(
                deviationOf: stride(from: input, to: values.count, by: inputs.count).map { values[$0] })
        }
        let pm25 = Normalisation.Scale(deviationOf: pieces.flatMap { $0.rows.map(\.pm25) })
        return Normalisation(inputs: scales, output: Normalisation.Scale(offset: 0, scale: pm25.scale))
    }

    private func train(
        _ member: Int, _ objective: Objective, phase: String, validationSkill: ([Float]) -> Double?
    ) -> [Float] {
        // Members differ in their seeds alone; one is the same however many there are.
        var random = SplitMix64(seed: plan.seed &* 1_000_003 &+ UInt64(member))
        var network = Network(shape: architecture.shape, initial: .xavier, using: &random)
        var adam = Adam(count: network.weights.count)
        var gradient = network.weights
        var order = Array(0..<objective.blocks)
        for epochOfMember in 0..<plan.epochs where !isStopped {
            order.shuffle(using: &random)
            var loss = 0.0
            var labels = 0
            for first in stride(from: 0, to: order.count, by: OperationalPlan.batch) {
                let done = Float(epochOfMember) + Float(first) / Float(order.count)
                let batch = order[first..<min(first + OperationalPlan.batch, order.count)]
                let part = objective.batch(batch, network, gradient: &gradient)
                loss += part.loss * Double(part.n)
                labels += part.n
                adam.update(
                    &network.weights, gradient: gradient,
                    rate: OperationalPlan.rate * cosineDecay(done / Float(plan.epochs)), decay: OperationalPlan.decay)
            }
            epoch += 1
            let progress = TrainingProgress(
                epoch: epoch, epochs: (bandYears + 1) * plan.members * plan.epochs, phase: phase,
                loss: loss / Double(max(labels, 1)), validationSkill: validationSkill(network.weights))
            isStopped = !goesOn(progress)
        }
        return network.weights
    }
}
