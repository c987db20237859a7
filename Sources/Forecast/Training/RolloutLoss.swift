import NetworkKernel

/// Loss and gradient of a network that predicts several hours in a row, feeding its own pm25 back.
///
/// The loss is Σ w(a − y)² / n / 2 over all predicted hours that have a label, each step of the rollout with its weight w.
/// With one step it is the chapter's; with more the network also learns to bear its own errors.
final class RolloutLoss: BlockLoss {
    private let series: StripedSeries
    var blocks: Int { series.blocks }
    private let stepWeights: [Float]
    private let weather: TrainingPlan.Weather
    private let pm25: Int
    /// (value fed back, scaled as an input) = feedbackOffset + feedbackScale · output
    private let feedbackOffset: Float
    private let feedbackScale: Float
    private let traces: [NetworkTrace]
    private var errors: [Lanes]
    private let x: UnsafeMutablePointer<Lanes>
    private let xCount: Int

    init(
        _ series: StripedSeries, model shape: NetworkShape, normalisation: Normalisation, pm25: Int,
        stepWeights: [Float], weather: TrainingPlan.Weather
    ) {
        self.series = series
        self.stepWeights = stepWeights
        self.weather = weather
        self.pm25 = pm25
        let input = normalisation.inputs[pm25]
        feedbackScale = normalisation.output.scale / input.scale
        feedbackOffset = (normalisation.output.offset - input.offset) / input.scale
        traces = stepWeights.indices.map { _ in NetworkTrace(shape, steps: Window.length) }
        errors = stepWeights.map { _ in .zero }
        xCount = (Window.length + stepWeights.count - 1) * series.inputs
        x = .allocate(capacity: xCount)
        x.initialize(repeating: .zero, count: xCount)
    }

    deinit {
        x.deallocate()
    }

    /// Adds one block's weighted squared errors and their gradient.
    ///
    /// - Parameters:
    ///   - gradient: of Σ w(a − y)² / 2; parameterCount lanes, or nil where the errors are all that is wanted.
    ///   - squaredErrors: Σ w(a − y)².
    ///   - count: labels found.
    func add(
        block: Int, of network: Network, gradient: UnsafeMutablePointer<Lanes>?, squaredErrors: inout Lanes,
        count: inout Int
    ) {
        // With one step nothing is fed back, and the windows are read where they are.
        guard stepWeights.count == 1 else {
            load(block)
            return add(block, x, network, gradient, &squaredErrors, &count)
        }
        series.rows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            add(block, rows + block * series.inputs, network, gradient, &squaredErrors, &count)
        }
    }

    private func add(
        _ block: Int, _ x: UnsafePointer<Lanes>, _ network: Network, _ gradient: UnsafeMutablePointer<Lanes>?,
        _ squaredErrors: inout Lanes, _ count: inout Int
    ) {
        let inputs = series.inputs
        let steps = stepWeights.count
        for step in 0..<steps {
            network.forward(x + step * inputs, traces[step])
            let y = traces[step].y[0]
            let label = series.labels[block + Window.length + step]
            let hasLabel = label .== label
            let error = (y - label).replacing(with: 0, where: .!hasLabel)
            errors[step] = error * stepWeights[step]
            squaredErrors += error * error * stepWeights[step]
            count += Int(Lanes.zero.replacing(with: 1, where: hasLabel).sum())
            if step + 1 < steps {
                self.x[(Window.length + step) * inputs + pm25] = feedbackOffset + y * feedbackScale
            }
        }
        guard let gradient else { return }
        for step in stride(from: steps - 1, through: 0, by: -1) {
            var dy = errors[step]
            // Every later window of the rollout has this prediction among its pm25 inputs.
            for later in step + 1..<max(steps, step + 1) {
                let position = Window.length + step - later
                dy += network.inputGradient(pm25, step: position, traces[later]) * feedbackScale
            }
            network.backward(x + step * inputs, traces[step], dy: &dy, addingTo: gradient)
        }
    }

    private func load(_ block: Int) {
        let inputs = series.inputs
        series.rows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            x.update(from: rows + block * inputs, count: xCount)
        }
        guard weather == .held else { return }
        let last = (Window.length - 1) * inputs
        for entry in Window.length * inputs..<max(xCount, Window.length * inputs) where entry % inputs != pm25 {
            x[entry] = x[last + entry % inputs]
        }
    }
}
