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

/// One network of `world` on its way from random weights to those that serve.
struct WorldMember {
    private let plan: WorldPlan
    private let samples: WorldSamples
    private let objective: Objective
    private var network: Network
    private var average: Network
    private var adam: Adam
    private var random: SplitMix64
    private var epoch = 0
    private var step = 0

    /// - Parameter seed: of everything random; the same for the same member.
    init(_ sources: [WorldSamples.Source], _ architecture: Architecture, plan: WorldPlan, seed: UInt64) {
        self.plan = plan
        random = SplitMix64(seed: seed)
        samples = WorldSamples(sources, architecture, plan: plan, using: &random)
        objective = Objective(samples, shape: architecture.shape)
        network = Network(world: architecture.shape, using: &random)
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
        for first in stride(from: 0, through: samples.blocks - WorldPlan.batch, by: WorldPlan.batch) {
            let done = (Float(epoch) + Float(first) / Float(samples.blocks)) / Float(plan.epochs)
            let (highest, lowest) = WorldPlan.rates
            let rate = lowest + (highest - lowest) * cosineDecay(done)
            loss += objective.batch(first..<first + WorldPlan.batch, network, gradient: &gradient).loss
            batches += 1
            let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard norm.isFinite else { continue }
            if norm > WorldPlan.gradientNorm {
                for index in gradient.indices { gradient[index] *= WorldPlan.gradientNorm / norm }
            }
            adam.update(&network.weights, gradient: gradient, rate: rate, decay: WorldPlan.decay)
            step += 1
            // The first steps count as much as there are, so that the beginning is soon forgotten.
            let share = 1 - min(WorldPlan.averaging, 1 - 1 / Float(step))
            for index in average.weights.indices {
                average.weights[index] += share * (network.weights[index] - average.weights[index])
            }
        }
        epoch += 1
        return loss / Double(max(batches, 1))
    }
}
