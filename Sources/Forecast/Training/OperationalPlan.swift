/// How the operational network is trained; chosen on the years 2011, 2012 and 2013, each forecast by networks that had learnt
/// the other years before 2014.
public struct OperationalPlan: Sendable {
    /// Windows in a mini-batch: 4 blocks of 16.
    static let batch = 4
    /// Adam's first learning rate; it falls to zero along a cosine.
    static let rate: Float = 0.005
    /// Adam's weight decay.
    static let decay: Float = 0.03
    /// Weights of the leads in the loss, `lead ^ -leadPower`: squared errors grow about as fast as the lead, and the leads
    /// that scores are quoted at lie closer together the shorter they are.
    static let leadPower: Float = 1.7
    /// Hours of each year that bands are learnt from, and how many of them at most. Two years held better than one in the
    /// third: a winter has but a few episodes.
    static let bandHours = 8760
    static let mostBandYears = 3
    /// Hours that must be left to learn from.
    static let leastHours = 30 * 24

    /// Seed of everything random.
    public var seed: UInt64 = 1
    /// Epochs of each member.
    public var epochs = 20
    /// Networks in the ensemble.
    public var members = 8

    /// The plan that `models/operational.json` is made by.
    public init() {}

    var json: [String: JSONValue] {
        [
            "seed": .number(Double(seed)), "optimiser": .string("adam"), "epochs": .number(epochs),
            "batch": .number(Self.batch * Lanes.scalarCount), "rate": .number(Self.rate),
            "weight_decay": .number(Self.decay), "lead_power": .number(Self.leadPower),
        ]
    }
}
