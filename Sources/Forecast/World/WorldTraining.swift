import Foundation
import Synchronization

/// Trains `world` on stations of many countries.
///
/// Countries are dealt into groups. For each group, members are trained on the other countries, and their errors in the group
/// give the bands: how wrong the network is at stations of countries that it has not seen. Then the members that serve are
/// trained on all of them.
package final class WorldTraining: Sendable {
    let stations: [WorldStation]
    let plan: WorldPlan
    let workers: Int
    private let goesOn: @Sendable (TrainingProgress) -> Bool
    private let progress = Mutex((epoch: 0, isStopped: false))

    /// - Parameters:
    ///   - workers: threads, each with a member of its own.
    ///   - goesOn: told after each pass of each member; false ends the training.
    package init(
        _ stations: [WorldStation], plan: WorldPlan, workers: Int,
        goesOn: @escaping @Sendable (TrainingProgress) -> Bool
    ) {
        self.stations = stations
        self.plan = plan
        self.workers = workers
        self.goesOn = goesOn
    }

    /// Countries in the order of their letters, dealt into groups one by one.
    package static func groups(of stations: [WorldStation], count: Int) -> [Set<String>] {
        let countries = Set(stations.map(\.country)).sorted()
        return (0..<count).map { group in
            Set(stride(from: group, to: countries.count, by: count).map { countries[$0] })
        }
    }

    /// Members to train: what they learn from, and their seeds.
    struct Job: Sendable {
        let phase: String
        let sources: [WorldSamples.Source]
        let seed: UInt64
    }

    /// The weights of each job's member.
    func run(_ jobs: [Job], _ architecture: Architecture, planned: Int) -> [[Float]] {
        let results = Mutex([[Float]](repeating: [], count: jobs.count))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(workers, jobs.count)) { _ in
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < jobs.count else { return }
                let job = jobs[number]
                var member = WorldMember(job.sources, architecture, plan: plan, seed: job.seed)
                for _ in 0..<plan.epochs where !progress.withLock(\.isStopped) {
                    report(job.phase, loss: member.runEpoch(), planned: planned)
                }
                let weights = member.weights
                results.withLock { $0[number] = weights }
            }
        }
        return results.withLock { $0 }
    }

    private func report(_ phase: String, loss: Double, planned: Int) {
        progress.withLock { state in
            state.epoch += 1
            let epochs = max(planned, state.epoch)
            let progress = TrainingProgress(epoch: state.epoch, epochs: epochs, phase: phase, loss: loss)
            if !goesOn(progress) { state.isStopped = true }
        }
    }

    /// The jobs of an ensemble.
    func jobs(_ sources: [WorldSamples.Source], members: Int, seed: UInt64, phase: String) -> [Job] {
        (0..<members).map { member in
            Job(
                phase: "\(phase), member \(member + 1) of \(members)", sources: sources,
                seed: (plan.seed &+ seed) &* 1_000_003 &+ UInt64(member))
        }
    }

    /// Two mini-batches: fewer would leave the networks as they began.
    private static let leastWindows = 2 * WorldPlan.batch * Lanes.scalarCount
    /// Countries are dealt into so many groups for the bands.
    private static let groups = 6
    /// Members of each group's ensemble.
    private static let groupMembers = 2
    /// Windows of a country of one station that the bands are learnt from. One of n stations has n^.75 times as many: that
    /// holds both at the average station and at the average country.
    private static let bandWindows: Float = 6_000

    /// Trains the model that is shipped.
    ///
    /// - Throws: `tooLittleData`, or `invalidArgument` for a plan without passes or members.
    package func run(name: String) throws(ForecastError) -> Model {
        guard plan.epochs > 0, (1...Architecture.mostMembers).contains(plan.members) else {
            throw ForecastError(
                .invalidArgument, "training needs an epoch, and 1 to \(Architecture.mostMembers) members")
        }
        let countries = Set(stations.map(\.country))
        guard countries.count >= 2 * Self.groups else {
            throw ForecastError(
                .tooLittleData, "world needs stations of \(2 * Self.groups) countries; these are of \(countries.count)")
        }
        let fold = try crossFit(\.learntRows, groups: Self.groups, members: Self.groupMembers, extra: plan.members)
        let sources = stations.map { $0.source($0.learntRows) }
        let architecture = Self.architecture(members: plan.members)
        let weights = run(
            jobs(sources, members: plan.members, seed: 0, phase: "to serve"), architecture, planned: fold.planned)
        var training = plan.json
        training["stations"] = .number(stations.count)
        training["countries"] = .array(countries.sorted().map { .string($0) })
        training["stopped_early"] = .bool(progress.withLock(\.isStopped))
        var errors = RelativeErrors()
        for group in fold.errors { errors.add(group) }
        return try Self.model(name, weights.flatMap { $0 }, members: plan.members, errors: errors, training: training)
    }

    /// Ensembles that have each not seen one group of countries, and their errors there.
    struct CrossFit: Sendable {
        let groups: [Set<String>]
        /// By group: the weights of the ensemble that has not seen it.
        let weights: [[Float]]
        /// By group: errors at its stations.
        let errors: [RelativeErrors]
        let planned: Int
    }

    /// - Parameters:
    ///   - rows: of each station, what is learnt from and what the errors are of.
    ///   - extra: members that are trained afterwards, for the progress.
    func crossFit(
        _ rows: @Sendable (WorldStation) -> Range<Int>, groups count: Int, members: Int, extra: Int = 0
    ) throws(ForecastError) -> CrossFit {
        let groups = Self.groups(of: stations, count: count)
        let sources = stations.map { $0.source(rows($0)) }
        guard plan.windows >= Self.leastWindows else {
            throw ForecastError(.invalidArgument, "training needs at least \(Self.leastWindows) windows")
        }
        for group in groups {
            let windows = sources.filter { !group.contains($0.country) }.reduce(0) { $0 + $1.origins.count }
            guard windows >= Self.leastWindows else {
                let names = group.sorted().joined(separator: ", ")
                throw ForecastError(
                    .tooLittleData,
                    "without \(names) there are \(windows) hours to learn from; \(Self.leastWindows) are needed")
            }
        }
        let jobs = groups.enumerated().flatMap { number, group in
            self.jobs(
                sources.filter { !group.contains($0.country) }, members: members, seed: UInt64(number + 1),
                phase: "without group \(number + 1) of \(groups.count)")
        }
        let planned = (jobs.count + extra) * plan.epochs
        let architecture = Self.architecture(members: members)
        let trained = run(jobs, architecture, planned: planned)
        let weights = groups.indices.map { trained[$0 * members..<($0 + 1) * members].flatMap { $0 } }
        var models: [Model] = []
        for weights in weights { models.append(try Self.model("fold", weights, members: members)) }
        let errors = Mutex([RelativeErrors](repeating: RelativeErrors(), count: groups.count))
        let (blind, seed) = (models, plan.seed)
        DispatchQueue.concurrentPerform(iterations: groups.count) { number in
            let found = Self.errors(of: blind[number], at: sources.filter { groups[number].contains($0.country) }, seed)
            errors.withLock { $0[number] = found }
        }
        return CrossFit(groups: groups, weights: weights, errors: errors.withLock { $0 }, planned: planned)
    }

    /// The errors at drawn windows, half with a memory and half without.
    private static func errors(
        of model: Model, at sources: [WorldSamples.Source], _ seed: UInt64
    ) -> RelativeErrors {
        var random = SplitMix64(seed: seed)
        var errors = RelativeErrors()
        let stations = Dictionary(grouping: sources, by: \.country).mapValues(\.count)
        for source in sources {
            let share = Int(bandWindows / Float(stations[source.country] ?? 1).squareRoot().squareRoot())
            let origins = source.origins.shuffled(using: &random).prefix(share)
            let half = origins.count / 2
            errors.add(
                model, at: .init(station: source.station, origins: Array(origins.prefix(half))),
                days: (0..<half).map { _ in nil })
            let rest = Array(origins.dropFirst(half))
            errors.add(model, at: .init(station: source.station, origins: rest), days: rest.map { _ in 0 })
        }
        return errors
    }

    static func architecture(members: Int) -> Architecture {
        let base = Architecture.world
        return Architecture(
            inputs: base.inputs, hidden: base.hidden, head: base.head, biases: base.biases, members: members)
    }

    static func model(
        _ name: String, _ weights: [Float], members: Int, errors: RelativeErrors? = nil,
        training: [String: JSONValue] = [:]
    ) throws(ForecastError) -> Model {
        try Model(
            name: name, preset: "world", architecture: architecture(members: members),
            normalisation: Normalisation(
                inputs: Feature.relative.map(\.scale), output: Normalisation.Scale(offset: 0, scale: 1)),
            weights: weights, bands: errors?.scaledBands, memoryBands: errors?.rememberedBands,
            persistenceBands: errors?.persistenceBands, limits: errors?.changeLimits, training: .object(training),
            scores: .object([:]))
    }
}
