/// Sizes of a two-layer recurrent network, and where each tensor stands in its flat array of weights.
///
///     s1_t = tanh(x_t·U + s1_{t-1}·W1 + b1)    s2_t = tanh(s1_t·Q + s2_{t-1}·W2 + b2)    y = s2_T·V + c
///
/// Tensors are row-major and follow each other as U, W1, Q, W2, V and, in a network with biases, b1, b2, c.
struct NetworkShape: Sendable, Hashable {
    let inputs: Int
    let hidden1: Int
    let hidden2: Int
    let outputs: Int
    let hasBiases: Bool

    /// Offset of U, inputs × hidden1.
    var U: Int { 0 }
    /// Offset of W1, hidden1 × hidden1.
    var W1: Int { inputs * hidden1 }
    /// Offset of Q, hidden1 × hidden2.
    var Q: Int { W1 + hidden1 * hidden1 }
    /// Offset of W2, hidden2 × hidden2.
    var W2: Int { Q + hidden1 * hidden2 }
    /// Offset of V, hidden2 × outputs.
    var V: Int { W2 + hidden2 * hidden2 }
    /// Offset of b1, hidden1.
    var b1: Int { V + hidden2 * outputs }
    /// Offset of b2, hidden2.
    var b2: Int { b1 + hidden1 }
    /// Offset of c, outputs.
    var c: Int { b2 + hidden2 }

    var parameterCount: Int { hasBiases ? c + outputs : b1 }

    /// Every tensor's name and shape, in the order of the flat weights.
    var tensors: [(name: String, shape: [Int])] {
        let matrices = [
            ("U", [inputs, hidden1]), ("W1", [hidden1, hidden1]), ("Q", [hidden1, hidden2]),
            ("W2", [hidden2, hidden2]), ("V", [hidden2, outputs]),
        ]
        return hasBiases ? matrices + [("b1", [hidden1]), ("b2", [hidden2]), ("c", [outputs])] : matrices
    }
}
