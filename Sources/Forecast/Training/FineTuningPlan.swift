/// How a pretrained model is trained on.
public struct FineTuningPlan: Sendable {
    /// Windows in a mini-batch: 4 blocks of 16.
    static let batch = 4
    /// Hours at the end of the history that the bands are learnt from; a third of it where that is less.
    static let bandHours = 8760
    /// Windows that are learnt from at most: they take 2 kB each.
    static let mostWindows = 131_072

    /// Seed of everything random.
    public var seed: UInt64 = 1
    /// Epochs of each member.
    public var epochs = 4
    /// Adam's first learning rate; it falls to zero along a cosine.
    var rate: Float = 0.001
    /// Share of each weight's way from its pretrained value that a step at rate 1 takes back.
    var pull: Float = 0
    /// Hours of the pretrained model's scales in the mixture with the history's own.
    var scaleHours = 0

    /// The plan that a station is fine-tuned by.
    public init() {}

    var json: [String: JSONValue] {
        [
            "recipe": .string("fine-tune"), "seed": .number(Double(seed)), "optimiser": .string("adam"),
            "epochs": .number(epochs), "batch": .number(Self.batch * Lanes.scalarCount), "rate": .number(rate),
            "lead_power": .number(OperationalPlan.leadPower),
        ]
    }
}
