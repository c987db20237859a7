/// Sizes of a recurrent network of one or two layers, and where each tensor stands in its flat array of weights.
///
///     s1_t = tanh(x_t·U + s1_{t-1}·W1 + b1)    s2_t = tanh(s1_t·Q + s2_{t-1}·W2 + b2)    y = s2_T·V + c
///
/// Tensors are row-major and follow each other as U, W1, Q, W2, V and, in a network with biases, b1, b2, c. In a network of
/// one layer y = s1_T·V + c, and there are no Q, W2 and b2.
public struct NetworkShape: Sendable, Hashable {
    /// Inputs of a step.
    public let inputs: Int
    /// Size of the first layer.
    public let hidden1: Int
    /// Size of the second layer; 0 where there is but one.
    public let hidden2: Int
    /// Outputs after the last step.
    public let outputs: Int
    /// Whether there are b1, b2 and c.
    public let hasBiases: Bool

    /// A shape from its sizes.
    public init(inputs: Int, hidden1: Int, hidden2: Int, outputs: Int, hasBiases: Bool) {
        self.inputs = inputs
        self.hidden1 = hidden1
        self.hidden2 = hidden2
        self.outputs = outputs
        self.hasBiases = hasBiases
    }

    /// The chapter's network, 26 weights: its loops are unrolled.
    public static let chapter = NetworkShape(inputs: 6, hidden1: 2, hidden2: 2, outputs: 1, hasBiases: false)

    /// Offset of U, inputs × hidden1.
    public var U: Int { 0 }
    /// Offset of W1, hidden1 × hidden1.
    public var W1: Int { inputs * hidden1 }
    /// Offset of Q, hidden1 × hidden2.
    public var Q: Int { W1 + hidden1 * hidden1 }
    /// Offset of W2, hidden2 × hidden2.
    public var W2: Int { Q + hidden1 * hidden2 }
    /// Offset of V, lastHidden × outputs.
    public var V: Int { W2 + hidden2 * hidden2 }
    /// Offset of b1, hidden1.
    public var b1: Int { V + lastHidden * outputs }
    /// Offset of b2, hidden2.
    public var b2: Int { b1 + hidden1 }
    /// Offset of c, outputs.
    public var c: Int { b2 + hidden2 }

    /// Size of the layer that the output reads.
    public var lastHidden: Int { hidden2 > 0 ? hidden2 : hidden1 }

    /// Weights in all.
    public var parameterCount: Int { hasBiases ? c + outputs : b1 }

    /// Every tensor's name and shape, in the order of the flat weights.
    public var tensors: [(name: String, shape: [Int])] {
        let matrices = [
            ("U", [inputs, hidden1]), ("W1", [hidden1, hidden1]), ("Q", [hidden1, hidden2]),
            ("W2", [hidden2, hidden2]), ("V", [lastHidden, outputs]),
        ]
        let biases = hasBiases ? [("b1", [hidden1]), ("b2", [hidden2]), ("c", [outputs])] : []
        return (matrices + biases).filter { !$1.contains(0) }
    }
}
