import NetworkKernel

/// What a network computes from what: all of a model but its numbers.
public struct Architecture: Sendable, Equatable {
    /// What the output layer means.
    public enum Head: String, Sendable {
        /// One output, the next hour's pm25, which is fed back to go on.
        case nextHour = "next_hour"
        /// An output for each lead: pm25 minus the window's last pm25.
        case changes
        /// An output for each lead: pm25 minus the window's last pm25, divided by the window's scale.
        case relativeChanges = "relative_changes"
    }

    /// What the network sees of each hour, in the order of U's rows.
    public let inputs: [Feature]
    /// Sizes of the hidden layers, one or two.
    public let hidden: [Int]
    /// What the output layer gives.
    public let head: Head
    /// Whether the layers have the bias vectors b1, b2 and c.
    public let biases: Bool
    /// Networks of this shape whose outputs are averaged.
    public let members: Int

    /// The chapter's network: 6 inputs, hidden 2 and 2, the next hour's pm25, no biases; 26 parameters.
    public static let chapter = Architecture(
        inputs: [.pm25, .dewPoint, .temperature, .pressure, .windCode, .windSpeed], hidden: [2, 2], head: .nextHour,
        biases: false, members: 1)

    /// The network that the chapter compares its own with: one layer of 4, with biases; 49 parameters.
    public static let chapterSingle = Architecture(
        inputs: chapter.inputs, hidden: [4], head: .nextHour, biases: true, members: 1)

    /// The network that serves by default: 19 inputs, hidden 12 and 12, a change for each lead; 996 parameters a member.
    public static let operational = Architecture(
        inputs: [
            .pm25, .logPM25, .dewPoint, .temperature, .pressure, .windEast, .windNorth, .meanWindEast, .meanWindNorth,
            .hourSine, .hourCosine, .pm25Change1, .pm25Change3, .temperatureChange1, .temperatureChange3,
            .dewPointChange1, .dewPointChange3, .pressureChange3, .windSpeed,
        ], hidden: [12, 12], head: .changes, biases: true, members: 8)

    /// The network for stations anywhere: inputs relative to the window and the station, hidden 24 and 24, a relative change
    /// for each lead; it bears missing hours and missing weather.
    public static let world = Architecture(
        inputs: Feature.relative.map(\.feature), hidden: [24, 24], head: .relativeChanges, biases: true, members: 3)

    /// Whether it forecasts windows with missing hours and without weather.
    public var bearsGaps: Bool { head == .relativeChanges }

    /// Largest size of a layer, and of an ensemble, that a model file may ask for; a corrupt file must not exhaust the
    /// memory.
    static let largestLayer = 1024
    static let mostMembers = 64

    /// Values that the output layer gives.
    public var outputs: Int { head == .nextHour ? 1 : Forecast.leads }

    /// The shape of one member.
    var shape: NetworkShape {
        NetworkShape(
            inputs: inputs.count, hidden1: hidden[0], hidden2: hidden.count > 1 ? hidden[1] : 0, outputs: outputs,
            hasBiases: biases)
    }

    /// Numbers that training fits, all members together.
    public var parameterCount: Int { members * shape.parameterCount }
}
