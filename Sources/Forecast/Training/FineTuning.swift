import Foundation
import NetworkKernel

/// Trains a pretrained model on, for one station or for several that one model is to serve.
///
///     let tuned = try FineTuning(of: champion, on: [history], plan: FineTuningPlan()) { progress in
///         print(progress.json.line)
///         return true
///     }.run(name: "Roof")
///
/// Every hour that it is given is learnt from: keep back what the result is to be scored on. The inputs and the output are
/// scaled anew by the history's means and deviations, then every member goes on from its pretrained weights. The pretrained
/// model counts as three years of history in both, so that a short one does not mislead.
///
/// That is done twice. The first time the last part of the history is left out, a year or a third of it where that is less,
/// and the bands are learnt from the errors there; the second time nothing is, and the result is what forecasts.
///
/// Not Sendable: one owner, and one long call that belongs on a thread of its own.
public final class FineTuning {
    /// Hours with a pm25 that a history must have, all stations together.
    public static let leastHours = 30 * 24

    private let start: Model
    private let histories: [HourlySeries]
    private let stations: Int
    private let plan: FineTuningPlan
    private let goesOn: (TrainingProgress) -> Bool
    private var random: SplitMix64
    private var epoch = 0
    private var isStopped = false

    /// - Parameters:
    ///   - start: an ensemble that gives changes, such as `operational`; the result has its shape and preset.
    ///   - histories: of one station each, their longitudes with them. Those that nothing can be learnt from are passed
    ///     over, see `check`.
    ///   - stations: how many they are of, where several stretches are of one; nil: as many as there are.
    ///   - goesOn: told after each epoch of each member; false ends the training with the best so far.
    /// - Throws: `invalidArgument` for a model or a plan that cannot be used, `tooLittleData` where there is not enough in
    ///   all histories together.
    public init(
        of start: Model, on histories: [HourlySeries], stations: Int? = nil, plan: FineTuningPlan,
        goesOn: @escaping (TrainingProgress) -> Bool
    ) throws(ForecastError) {
        guard start.architecture.head != .nextHour else {
            throw ForecastError(
                .invalidArgument,
                "'\(start.name)' gives the next hour; only a model that gives changes, such as world or "
                    + "operational, can be fine-tuned")
        }
        guard plan.epochs > 0 else { throw ForecastError(.invalidArgument, "fine-tuning needs at least one epoch") }
        self.start = start
        self.histories = try Self.usable(histories, for: start)
        self.stations = stations ?? self.histories.count
        self.plan = plan
        self.goesOn = goesOn
        random = SplitMix64(seed: plan.seed)
    }

    /// Whether something can be learnt from a history.
    ///
    /// - Throws: `tooLittleData`, saying which measure it has not at all, or that it is shorter than a window and a
    ///   forecast.
    public static func check(_ history: HourlySeries, for start: Model) throws(ForecastError) {
        let names: [(String, KeyPath<Measures, Float>)] = [
            ("pm25", \.pm25), ("dew_point", \.dewPoint), ("temperature", \.temperature), ("pressure", \.pressure),
            ("wind_speed", \.windSpeed),
        ]
        let needed = start.architecture.bearsGaps ? names.prefix(1) : names[...]
        for (name, measure) in needed where history.measures.allSatisfy({ $0[keyPath: measure].isNaN }) {
            throw ForecastError(.tooLittleData, "there is no \(name) in the station's history; a model needs it")
        }
        guard history.measures.count >= 3 * (Window.length + Forecast.leads) else {
            throw ForecastError(.tooLittleData, "the station's history has only \(history.measures.count) hours")
        }
    }

    private static func usable(
        _ histories: [HourlySeries], for start: Model
    ) throws(ForecastError) -> [HourlySeries] {
        var usable: [HourlySeries] = []
        var reason = ForecastError(.tooLittleData, "there is no history to learn from")
        for history in histories {
            do {
                try check(history, for: start)
                usable.append(history)
            } catch {
                reason = error
            }
        }
        guard !usable.isEmpty else { throw reason }
        let hours = usable.reduce(0) { $0 + $1.measures.count { !$0.pm25.isNaN } }
        let least = start.architecture.bearsGaps ? WorldFineTuning.leastHours : leastHours
        guard hours >= least else {
            throw ForecastError(
                .tooLittleData, "fine-tuning needs \(least) hours with a pm25; there are \(hours)")
        }
        return usable
    }

    /// Fine-tunes.
    ///
    /// - Parameter name: the model's name.
    /// - Returns: the tuned ensemble with its bands, and without scores.
    public func run(name: String) throws(ForecastError) -> Model {
        if start.architecture.bearsGaps { return try relative(name) }
        let learnt = histories.map { history in
            history.measures.count - min(FineTuningPlan.bandHours, history.measures.count / 3)
        }
        let unseen = zip(histories, learnt).map { LiveOrigins($0, $1..<$0.measures.count) }
        let observed = unseen.reduce(0) { $0 + $1.series.measures[$1.range].count { !$0.pm25.isNaN } }
        guard observed > Self.leastHours / 6 else {
            throw ForecastError(
                .tooLittleData, "the last third of the history, or its last year, has hardly a pm25 to learn bands from"
            )
        }
        let blind = try ensemble(name, before: learnt, phase: "for the bands")
        var errors = BandTable.Errors()
        for origins in unseen { errors.add(blind, at: origins) }
        let bands = BandTable(learntFrom: errors, prior: start.bands)
        var tuned = blind
        if !isStopped {
            let served = try ensemble(name, before: histories.map(\.measures.count), phase: "to serve")
            // Stopped under way, some members would not have been tuned at all.
            if !isStopped { tuned = served }
        }
        return try tuned.with(bands: bands, scores: .object([:]))
    }

    /// A relative model after fine-tuning.
    private func relative(_ name: String) throws(ForecastError) -> Model {
        let tuning = WorldFineTuning(start: start, histories: histories, plan: plan, goesOn: goesOn)
        let weights = tuning.weights()
        isStopped = weights == nil
        let training = provenance(before: histories.map(\.measures.count))
        return try Model(
            name: name, preset: start.preset, architecture: start.architecture, normalisation: start.normalisation,
            weights: (weights ?? start.networks.map(\.weights)).flatMap { $0 }, bands: start.bands,
            memoryBands: start.memoryBands, persistenceBands: start.persistenceBands, limits: start.limits,
            training: .object(training), scores: .object([:]))
    }

    /// Where a tuned model comes from.
    private func provenance(before ends: [Int]) -> [String: JSONValue] {
        var training = plan.json
        training["parent"] = .string(start.name)
        training["parent_sha256"] = .string(start.sha256)
        training["stations"] = .number(stations)
        training["first_hour"] = .string(histories.map(\.start).min()?.description ?? "")
        training["last_hour"] = .string(
            zip(histories, ends).map { $0.start.advanced(by: $1 - 1) }.max()?.description ?? "")
        training["stopped_early"] = .bool(isStopped)
        return training
    }

    /// The members after fine-tuning on what is before a row of each history.
    func ensemble(_ name: String, before ends: [Int], phase: String) throws(ForecastError) -> Model {
        let origins = samples(before: ends)
        let normalisation = scales(of: origins)
        let leadWeights = (1...Forecast.leads).map { pow(Float($0), -OperationalPlan.leadPower) }
        let losses = origins.map { ChangeLoss($0, start.architecture, normalisation, leadWeights: leadWeights) }
        let objective = Objective(PooledLoss(losses), shape: start.architecture.shape)
        let members = start.networks.enumerated().map { index, network in
            tune(network, objective, phase: "member \(index + 1) of \(start.networks.count) \(phase)")
        }
        return try Model(
            name: name, preset: start.preset, architecture: start.architecture, normalisation: normalisation,
            weights: members.flatMap(\.weights), training: .object(provenance(before: ends)), scores: .object([:]))
    }

    /// The origins that are learnt from, a run of each history: all of it, unless there are too many in all. Then the runs
    /// begin anywhere, so that many stations together still show every season.
    private func samples(before ends: [Int]) -> [LiveOrigins] {
        let most = FineTuningPlan.mostWindows / histories.count
        return zip(histories, ends).map { history, end in
            let known = history.part(..<end)
            let first = Window.length - 1
            let spare = end - 1 - first - most
            let begin = first + (spare > 0 ? Int.random(in: 0...spare, using: &random) : 0)
            return LiveOrigins(known, begin..<min(begin + most, end - 1))
        }
    }

    /// Mean and deviation of every input over the hours that have a pm25 and those that the pretrained model counts as;
    /// changes of pm25 in deviations of pm25.
    private func scales(of origins: [LiveOrigins]) -> Normalisation {
        let inputs = start.architecture.inputs
        var columns = [[Float]](repeating: [], count: inputs.count)
        var pm25: [Float] = []
        for origins in origins {
            let values = WindowEncoder.unscaled(inputs).encode(
                origins.rows, lastHour: origins.series.hours.upperBound.advanced(by: -1),
                longitude: origins.series.longitude)
            for row in origins.range where !origins.series.measures[row].pm25.isNaN {
                for input in inputs.indices { columns[input].append(values[row * inputs.count + input]) }
                pm25.append(origins.rows[row].pm25)
            }
        }
        let pretrained = start.normalisation.inputs[inputs.firstIndex(of: .pm25) ?? 0]
        let spread = pretrained.mixed(FineTuningPlan.priorHours, with: pm25)
        return Normalisation(
            inputs: zip(columns, start.normalisation.inputs).map { $1.mixed(FineTuningPlan.priorHours, with: $0) },
            output: Normalisation.Scale(offset: 0, scale: spread.scale))
    }

    private func tune(_ pretrained: Network, _ objective: Objective, phase: String) -> Network {
        var network = pretrained
        var adam = Adam(count: network.weights.count)
        var gradient = network.weights
        var order = Array(0..<objective.blocks)
        // The less there is to learn from, the more the pretrained weights draw back.
        let pull = Float(FineTuningPlan.priorHours) / Float(objective.blocks * Lanes.scalarCount)
        for epochOfMember in 0..<plan.epochs where !isStopped {
            order.shuffle(using: &random)
            var loss = 0.0
            var labels = 0
            for first in stride(from: 0, to: order.count, by: FineTuningPlan.batch) {
                let done = Float(epochOfMember) + Float(first) / Float(order.count)
                let rate = FineTuningPlan.rate * cosineDecay(done / Float(plan.epochs))
                let batch = order[first..<min(first + FineTuningPlan.batch, order.count)]
                let part = objective.batch(batch, network, gradient: &gradient)
                loss += part.loss * Double(part.n)
                labels += part.n
                adam.update(&network.weights, gradient: gradient, rate: rate)
                for index in network.weights.indices {
                    network.weights[index] -= rate * pull * (network.weights[index] - pretrained.weights[index])
                }
            }
            epoch += 1
            let progress = TrainingProgress(
                epoch: epoch, epochs: 2 * start.networks.count * plan.epochs, phase: phase,
                loss: loss / Double(max(labels, 1)))
            isStopped = !goesOn(progress)
        }
        return network
    }
}

extension Normalisation.Scale {
    /// Mean and deviation over some hours with this mean and deviation, and the given values.
    fileprivate func mixed(_ hours: Int, with values: [Float]) -> Normalisation.Scale {
        let own = Normalisation.Scale(deviationOf: values)
        let share = Float(hours) / Float(hours + values.count)
        let apart = own.offset - offset
        let variance =
            own.scale * own.scale * (1 - share) + scale * scale * share + apart * apart * share * (1 - share)
        return Normalisation.Scale(offset: own.offset - apart * share, scale: variance.squareRoot())
    }
}
