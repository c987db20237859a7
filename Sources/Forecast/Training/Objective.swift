import NetworkKernel

/// A loss over windows in blocks of 16.
protocol BlockLoss: AnyObject {
    var blocks: Int { get }

    /// Adds one block's weighted squared errors and their gradient.
    ///
    /// - Parameters:
    ///   - gradient: of Σ w(a − y)² / 2; parameterCount lanes, or nil where the errors are all that is wanted.
    ///   - squaredErrors: Σ w(a − y)².
    ///   - count: labels found.
    func add(
        block: Int, of network: Network, gradient: UnsafeMutablePointer<Lanes>?, squaredErrors: inout Lanes,
        count: inout Int)
}

/// A loss over many windows, as optimisers see it: weights in, mean loss and gradient out.
final class Objective {
    let shape: NetworkShape
    var blocks: Int { loss.blocks }
    private let loss: any BlockLoss
    private let lanes: UnsafeMutablePointer<Lanes>

    init(_ loss: any BlockLoss, shape: NetworkShape) {
        self.loss = loss
        self.shape = shape
        lanes = .allocate(capacity: shape.parameterCount)
        lanes.initialize(repeating: .zero, count: shape.parameterCount)
    }

    deinit {
        lanes.deallocate()
    }

    /// Mean loss Σ(a − y)² / n / 2 over some blocks and its gradient, which is written into `gradient`.
    func batch(_ blocks: some Sequence<Int>, _ network: Network, gradient: inout [Float]) -> (loss: Double, n: Int) {
        lanes.update(repeating: .zero, count: shape.parameterCount)
        var squaredErrors = Lanes.zero
        var count = 0
        for block in blocks {
            loss.add(
                block: block, of: network, gradient: lanes, squaredErrors: &squaredErrors, count: &count)
        }
        let n = Float(max(count, 1))
        for index in gradient.indices {
            gradient[index] = lanes[index].sum() / n
        }
        return (Double(squaredErrors.sum() / n) / 2, count)
    }

    /// Mean loss over all blocks.
    func value(_ network: Network) -> Double {
        var total = 0.0
        var count = 0
        for block in 0..<blocks {
            var squaredErrors = Lanes.zero
            loss.add(block: block, of: network, gradient: nil, squaredErrors: &squaredErrors, count: &count)
            total += Double(squaredErrors.sum())
        }
        return total / Double(max(count, 1)) / 2
    }

    /// Mean loss over all blocks and its gradient, summed in double precision.
    func full(_ weights: [Double]) -> (loss: Double, gradient: [Double]) {
        let network = Network(shape: shape, weights: weights.map { Float($0) })
        var total = 0.0
        var count = 0
        var sum = [Double](repeating: 0, count: weights.count)
        var gradient = [Float](repeating: 0, count: weights.count)
        for first in stride(from: 0, to: blocks, by: 16) {
            let part = batch(first..<min(first + 16, blocks), network, gradient: &gradient)
            total += part.loss * Double(part.n)
            count += part.n
            for index in sum.indices {
                sum[index] += Double(gradient[index]) * Double(part.n)
            }
        }
        let n = Double(max(count, 1))
        return (total / n, sum.map { $0 / n })
    }
}
