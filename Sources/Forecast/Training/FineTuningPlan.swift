/// How a pretrained model is trained on.
public struct FineTuningPlan: Sendable {
    /// Windows in a mini-batch: 4 blocks of 16.
    static let batch = 4
    /// Hours at the end of the history that the bands are learnt from; a third of it where that is less.
    static let bandHours = 8760
    /// Windows that are learnt from at most: they take 2 kB each.
    static let mostWindows = 131_072

    /// Adam's first learning rate; it falls to zero along a cosine.
    static let rate: Float = 0.003
    /// Hours of history that the pretrained model counts as, where it and the new history disagree.
    static let priorHours = 26_280

    /// Seed of everything random.
    public var seed: UInt64 = 1
    /// Epochs of each member.
    public var epochs = 3

    /// The plan that a station is fine-tuned by.
    public init() {}

    var json: [String: JSONValue] {
        [
            "recipe": .string("fine-tune"), "seed": .number(Double(seed)), "optimiser": .string("adam"),
            "epochs": .number(epochs), "batch": .number(Self.batch * Lanes.scalarCount), "rate": .number(Self.rate),
            "prior_hours": .number(Self.priorHours), "lead_power": .number(OperationalPlan.leadPower),
        ]
    }
}
