import NetworkKernel

/// How the weights of a network start.
public enum InitialWeights: String, Sendable, CaseIterable {
    /// Normal with the variance 2 / (rows + columns) of each matrix (Glorot and Bengio); biases 0.
    case xavier
    /// Normal with σ = 0.5; biases 0.
    case half
    /// Standard normal as in the chapter; biases 0. Seldom reaches a good minimum.
    case chapter
}

extension Network {
    /// A network that has learnt nothing yet.
    init(shape: NetworkShape, initial: InitialWeights, using random: inout SplitMix64) {
        var weights: [Float] = []
        for (_, tensor) in shape.tensors {
            let sigma: Float =
                switch (initial, tensor.count) {
                case (_, 1): 0
                case (.xavier, _): (2 / Float(tensor.reduce(0, +))).squareRoot()
                case (.half, _): 0.5
                case (.chapter, _): 1
                }
            for _ in 0..<tensor.reduce(1, *) {
                weights.append(sigma == 0 ? 0 : sigma * random.nextNormal())
            }
        }
        self.init(shape: shape, weights: weights)
    }
}
