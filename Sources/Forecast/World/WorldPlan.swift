/// How the network `world` is trained. The same plan and data give the same weights on the same kind of machine.
package struct WorldPlan: Sendable {
    /// Blocks of 16 windows in a mini-batch.
    static let batch = 16
    /// How each member goes down.
    var descent: Descent {
        Descent(batch: Self.batch, rates: (0.005, 0.00005), decay: 0.1, averaging: 0.998, epochs: epochs)
    }
    /// Weights of the leads in the loss, `lead ^ -leadPower`.
    static let leadPower: Float = 0.6
    /// Labels that a window must have.
    static let leastLabels = 12
    /// Days of memory that a window is given, and the share of the windows; all days come last.
    static let memories: [(days: Int?, share: Float)] = [(0, 0.2), (3, 0.15), (7, 0.2), (14, 0.15), (nil, 0.3)]
    /// Groups of weather that a window keeps, and the share of the windows.
    static let weather: [(kept: WeatherGroups, share: Float)] = [
        (.all, 0.44), ([.temperature, .dewPoint, .pressure], 0.1), ([.temperature, .dewPoint], 0.1), ([], 0.2),
        ([.temperature, .wind], 0.1), (.wind, 0.06),
    ]
    /// Share of the windows whose longitude is withheld.
    static let placeless: Float = 0.1

    /// Seed of everything random.
    package var seed: UInt64 = 1
    /// Passes over the windows.
    package var epochs = 14
    /// Windows that are drawn.
    package var windows = 240_000
    /// Networks in the ensemble.
    package var members = 3
    /// Countries that nothing was learnt from, for the record: their stations are not given to the training.
    package var leftOut: [String] = []

    /// The plan that `models/world.json` is made by.
    package init() {}

    var json: [String: JSONValue] {
        [
            "recipe": .string("world"), "seed": .number(Double(seed)), "optimiser": .string("adamw"),
            "epochs": .number(epochs), "windows": .number(windows),
            "batch": .number(Self.batch * Lanes.scalarCount), "rate": .number(descent.rates.first),
            "weight_decay": .number(descent.decay), "lead_power": .number(Self.leadPower),
            "left_out_countries": .array(leftOut.map { .string($0) }),
        ]
    }
}

/// Groups of weather that a station may send.
struct WeatherGroups: OptionSet {
    let rawValue: UInt8
    static let temperature = WeatherGroups(rawValue: 1)
    static let dewPoint = WeatherGroups(rawValue: 2)
    static let pressure = WeatherGroups(rawValue: 4)
    static let wind = WeatherGroups(rawValue: 8)
    static let all: WeatherGroups = [.temperature, .dewPoint, .pressure, .wind]
}
