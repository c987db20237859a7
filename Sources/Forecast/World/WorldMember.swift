import Foundation
import NetworkKernel

extension Network {
    /// A network that has learnt nothing yet: normal weights by the number of inputs, orthogonal recurrence, a small head.
    init(world shape: NetworkShape, using random: inout SplitMix64) {
        var weights: [Float] = []
        for (name, tensor) in shape.tensors {
            switch name {
            case "W1", "W2": weights += Self.orthogonal(tensor[0], using: &random).map { $0 * 0.9 }
            case "b1", "b2", "c": weights += [Float](repeating: 0, count: tensor[0])
            default:
                let sigma = (name == "V" ? 0.2 : 1) / Float(tensor[0]).squareRoot()
                weights += (0..<tensor[0] * tensor[1]).map { _ in sigma * random.nextNormal() }
            }
        }
        self.init(shape: shape, weights: weights)
    }

    /// A random orthogonal matrix, row by row, by Gram and Schmidt's method.
    private static func orthogonal(_ size: Int, using random: inout SplitMix64) -> [Float] {
        var rows: [[Float]] = []
        for _ in 0..<size {
            var row = (0..<size).map { _ in random.nextNormal() }
            for other in rows {
                let product = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
                for index in row.indices { row[index] -= product * other[index] }
            }
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            rows.append(row.map { $0 / norm })
        }
        return rows.flatMap { $0 }
    }
}

/// How a relative network goes down: AdamW with a rate that falls along a cosine, and an average of the weights on the way.
struct Descent: Sendable {
    /// Blocks of 16 windows in a mini-batch.
    let batch: Int
    let rates: (first: Float, last: Float)
    /// Weight decay.
    let decay: Float
    /// Share of the averaged weights that a step leaves as they are; the average is what comes out.
    let averaging: Float
    /// Passes over the windows.
    let epochs: Int
    /// Largest norm of a gradient; a longer one is shortened to it.
    static let gradientNorm: Float = 1
}

/// One network on its way from its first weights to those that serve.
struct WorldMember {
    private let descent: Descent
    private let samples: WorldSamples
    private let objective: Objective
    private var network: Network
    private var average: Network
    private var adam: Adam
    private var random: SplitMix64
    private var epoch = 0
    private var step = 0

    /// A member of `world` that has learnt nothing yet.
    ///
    /// - Parameter seed: of everything random; the same for the same member.
    init(_ sources: [WorldSamples.Source], _ architecture: Architecture, plan: WorldPlan, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let samples = WorldSamples(
            sources, architecture, windows: plan.windows, varies: true, using: &random)
        let network = Network(world: architecture.shape, using: &random)
        self.init(network, samples, plan.descent, random)
    }

    /// A network that goes on from the weights that it has.
    init(_ network: Network, _ samples: WorldSamples, _ descent: Descent, _ random: SplitMix64) {
        self.descent = descent
        self.samples = samples
        self.network = network
        self.random = random
        objective = Objective(samples, shape: network.shape)
        average = network
        adam = Adam(count: network.weights.count)
    }

    /// The averaged weights.
    var weights: [Float] { average.weights }

    /// One pass over the windows.
    ///
    /// - Returns: the mean loss.
    mutating func runEpoch() -> Double {
        samples.shuffle(using: &random)
        var gradient = network.weights
        var (loss, batches) = (0.0, 0)
        for first in stride(from: 0, through: samples.blocks - descent.batch, by: descent.batch) {
            let done = (Float(epoch) + Float(first) / Float(samples.blocks)) / Float(descent.epochs)
            let (highest, lowest) = descent.rates
            let rate = lowest + (highest - lowest) * cosineDecay(done)
            loss += objective.batch(first..<first + descent.batch, network, gradient: &gradient).loss
            batches += 1
            let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard norm.isFinite else { continue }
            if norm > Descent.gradientNorm {
                for index in gradient.indices { gradient[index] *= Descent.gradientNorm / norm }
            }
            adam.update(&network.weights, gradient: gradient, rate: rate, decay: descent.decay)
            step += 1
            // The first steps count as much as there are, so that the beginning is soon forgotten.
            let share = 1 - min(descent.averaging, 1 - 1 / Float(step))
            for index in average.weights.indices {
                average.weights[index] += share * (network.weights[index] - average.weights[index])
            }
        }
        epoch += 1
        return loss / Double(max(batches, 1))
    }
}
