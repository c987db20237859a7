package import Foundation
import NetworkKernel

/// What `Benchmarks/kernel` times: a shipped model's first network over 35,000 windows of a series, in the code that
/// training and forecasting run.
///
/// `data` hands the same work to the peers, in little-endian numbers of 32 bits: `head`, the weights to start from, the
/// weights of the leads, the order of the blocks in an epoch, and then, 16 lanes a number, the inputs and the labels (NaN
/// is none). Block b of 16 windows begins at the inputs' row b · stride.
package final class KernelCase {
    /// Windows, in blocks of 16 of which the last lanes may be empty.
    package static let windows = 35_000
    private static let blocksInBatch = 4
    private static let rate: Float = 0.001

    private let start: Network
    private let ensemble: [Network]
    private let loss: any BlockLoss
    private let objective: Objective
    private let trace: NetworkTrace
    private let leadWeights: [Float]
    private let order: [Int]
    private let x: [Lanes]
    private let stride: Int
    private let labels: [Lanes]
    private var outputs: [Lanes]
    private var weights: [Float]

    /// - Throws: `tooLittleData` where the series has not enough hours.
    package init(_ model: Model, on series: HourlySeries) throws(ForecastError) {
        let architecture = model.architecture
        let shape = architecture.shape
        let rows = Window.length + Self.windows
        guard series.measures.count >= rows + Forecast.leads else {
            throw ForecastError(.tooLittleData, "the benchmark needs \(rows + Forecast.leads) hours")
        }
        switch architecture.head {
        case .nextHour:
            let encoder = WindowEncoder(features: architecture.inputs, scales: model.normalisation.inputs)
            let filled = Array(series.filled(pm25: .interpolated).prefix(rows))
            let values = encoder.encode(filled, lastHour: series.start.advanced(by: rows - 1), longitude: nil)
            leadWeights = [1]
            let striped = StripedSeries(
                values: values, labels: filled.map { model.normalisation.output.scaled($0.pm25) },
                inputs: shape.inputs, rolloutSteps: 1)
            loss = RolloutLoss(
                striped, model: shape, normalisation: model.normalisation,
                pm25: architecture.inputs.firstIndex(of: .pm25) ?? 0, stepWeights: leadWeights, weather: .observed)
            (x, labels, stride) = (striped.rows, Array(striped.labels.dropFirst(Window.length)), shape.inputs)
        case .changes:
            leadWeights = (1...Forecast.leads).map { pow(Float($0), -OperationalPlan.leadPower) }
            let origins = LiveOrigins(series, Window.length - 1..<rows - 1)
            let changes = ChangeLoss(origins, architecture, model.normalisation, leadWeights: leadWeights)
            loss = changes
            (x, labels, stride) = (changes.x, changes.labels, Window.length * shape.inputs)
        case .relativeChanges:
            throw ForecastError(.invalidArgument, "the benchmark of relative models is another")
        }
        ensemble = model.networks
        start = ensemble[0]
        objective = Objective(loss, shape: shape)
        trace = NetworkTrace(shape, steps: Window.length)
        var random = SplitMix64(seed: 1)
        order = Array(0..<loss.blocks).shuffled(using: &random)
        outputs = Array(repeating: .zero, count: loss.blocks * shape.outputs)
        weights = start.weights
    }

    /// The kernel's work alone: every window's outputs.
    package func predict() {
        let count = start.shape.outputs
        x.withUnsafeBufferPointer { x in
            guard let x = x.baseAddress else { return }
            for block in 0..<loss.blocks {
                start.predict(x + block * stride, trace)
                for output in 0..<count { outputs[block * count + output] = trace.y[output] }
            }
        }
    }

    /// All members' work for so many windows, as `Model.forecast` has it: one block's windows stay in the cache.
    package func predictWithEveryMember(windows: Int) {
        x.withUnsafeBufferPointer { x in
            guard let x = x.baseAddress else { return }
            for block in 0..<windows / Lanes.scalarCount {
                for network in ensemble { network.predict(x + block * stride, trace) }
            }
        }
    }

    /// One epoch of mini-batches of 64 with Adam from the first weights on, as training does it.
    ///
    /// - Returns: the mean loss.
    package func epoch() -> Double {
        var network = start
        var adam = Adam(count: network.weights.count)
        var gradient = network.weights
        var sum = 0.0
        var count = 0
        for first in Swift.stride(from: 0, to: order.count, by: Self.blocksInBatch) {
            let batch = order[first..<min(first + Self.blocksInBatch, order.count)]
            let part = objective.batch(batch, network, gradient: &gradient)
            sum += part.loss * Double(part.n)
            count += part.n
            adam.update(&network.weights, gradient: gradient, rate: Self.rate)
        }
        weights = network.weights
        return sum / Double(max(count, 1))
    }

    /// What the last `predict` gave, 16 lanes a number, and the weights after the last `epoch`.
    package var results: (outputs: Data, weights: Data) { (Self.bytes(outputs), Self.bytes(weights)) }

    /// The case for the peers.
    package var data: Data {
        let shape = start.shape
        let head = [
            Window.length, shape.inputs, shape.hidden1, shape.hidden2, shape.outputs, shape.hasBiases ? 1 : 0,
            loss.blocks, stride, x.count,
        ]
        return Self.bytes(head.map { Int32($0) }) + Self.bytes(start.weights) + Self.bytes(leadWeights)
            + Self.bytes(order.map { Int32($0) }) + Self.bytes(x)
            + Self.bytes(Array(labels.prefix(loss.blocks * shape.outputs)))
    }

    private static func bytes<Number: BitwiseCopyable>(_ numbers: [Number]) -> Data {
        numbers.withUnsafeBytes { Data($0) }
    }
}
