/// How a network is trained. The same plan and data give the same weights on the same kind of machine.
public struct TrainingPlan: Sendable {
    /// How the weights go down.
    public enum Optimiser: String, Sendable, CaseIterable {
        /// The chapter's mini-batch gradient descent.
        case sgd
        /// Adam.
        case adam
        /// Adam from several starts, then full-batch L-BFGS on the rollout from the best of them.
        case lbfgs

        var rate: Float { self == .sgd ? 0.1 : 0.01 }
    }

    /// What is known of the weather of the hours that are predicted in a row.
    public enum Weather: String, Sendable, CaseIterable {
        /// The observed weather, as in the chapter's protocol.
        case observed
        /// Nothing: it is held at its last value, as in a live forecast.
        case held
    }

    /// Windows in a mini-batch: 4 blocks of 16.
    static let batch = 4
    /// Weights of the hours predicted in a row, in the loss that candidates are compared by and that L-BFGS goes down.
    static let stepWeights: [Float] = [2.4, 1.4, 1, 0.8, 0.6, 0.5]
    /// Candidates that L-BFGS begins from, and its iterations on each of them and then on the best.
    static let finalists = 8
    static let trialIterations = 60
    static let finalIterations = 300

    /// Seed of everything random.
    public var seed: UInt64 = 1
    /// How the weights go down.
    public var optimiser = Optimiser.lbfgs
    /// Epochs of mini-batches from each start; the learning rate falls to zero over them.
    public var epochs = 60
    /// Starts.
    public var restarts = 16
    /// How the weights start.
    public var initial = InitialWeights.xavier
    /// The weather of the rollout.
    public var weather = Weather.observed

    /// The plan that `models/chapter.json` is made by.
    public init() {}

    /// Epochs and iterations in all, for a progress bar.
    var length: Int {
        restarts * epochs
            + (optimiser == .lbfgs ? min(Self.finalists, restarts) * Self.trialIterations + Self.finalIterations : 0)
    }

    var json: [String: JSONValue] {
        [
            "seed": .number(Double(seed)), "optimiser": .string(optimiser.rawValue), "epochs": .number(epochs),
            "restarts": .number(restarts), "initial": .string(initial.rawValue),
            "weather": .string(weather.rawValue),
            "batch": .number(Self.batch * Lanes.scalarCount),
            "step_weights": .array(Self.stepWeights.map { .number($0) }),
        ]
    }
}

/// Where training stands after an epoch.
public struct TrainingProgress: Sendable {
    /// Epochs and iterations done, from 1.
    public let epoch: Int
    /// Epochs and iterations planned; L-BFGS may need fewer.
    public let epochs: Int
    /// What is going on, for a person.
    public let phase: String
    /// Mean loss over the training windows in this epoch, on scaled values.
    public let loss: Double
    /// The next hour's loss on a year that these weights have not learnt from, on scaled values; nil where there is none.
    public internal(set) var validationLoss: Double?
    /// The next hour's R² on that year.
    public internal(set) var validationR2: Double?
    /// Mean skill over the quoted leads on that year, live.
    public internal(set) var validationSkill: Double?

    /// The same as one of several trainings, one after another.
    func part(_ number: Int, of count: Int) -> TrainingProgress {
        TrainingProgress(
            epoch: number * epochs + epoch, epochs: count * epochs, phase: phase, loss: loss,
            validationLoss: validationLoss, validationR2: validationR2, validationSkill: validationSkill)
    }

    /// One line of JSON.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "epoch": .number(epoch), "epochs": .number(epochs), "phase": .string(phase), "loss": .number(loss),
        ]
        members["validation_loss"] = validationLoss.map { .number($0) }
        members["validation_r2"] = validationR2.map { .number($0) }
        members["validation_skill"] = validationSkill.map { .number($0) }
        return .object(members)
    }
}
