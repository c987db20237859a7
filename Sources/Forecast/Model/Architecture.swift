/// What a network computes from what: all of a model but its numbers.
public struct Architecture: Sendable, Equatable {
    /// What the network sees of each hour, in the order of U's rows.
    public let inputs: [Feature]
    /// Sizes of the first and the second hidden layer.
    public let hidden: [Int]
    /// Values that the output layer gives.
    public let outputs: Int
    /// Whether the layers have the bias vectors b1, b2 and c.
    public let biases: Bool

    /// The chapter's network: 6 inputs, hidden 2 and 2, the next hour's pm25, no biases; 26 parameters.
    public static let chapter = Architecture(
        inputs: [.pm25, .dewPoint, .temperature, .pressure, .windCode, .windSpeed], hidden: [2, 2], outputs: 1,
        biases: false)

    /// Largest size of a layer that a model file may ask for; a corrupt file must not exhaust the memory.
    static let largestLayer = 1024

    var shape: NetworkShape {
        NetworkShape(
            inputs: inputs.count, hidden1: hidden[0], hidden2: hidden[1], outputs: outputs, hasBiases: biases)
    }

    /// Numbers that training fits.
    public var parameterCount: Int { shape.parameterCount }
}
