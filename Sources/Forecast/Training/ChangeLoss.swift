/// Loss and gradient of a network that gives the change of pm25 at every lead at once.
///
/// The loss is Σ w(a − y)² / n / 2 over windows and leads that have a label, each lead with its weight w.
final class ChangeLoss: BlockLoss {
    let blocks: Int
    private let leadWeights: [Float]
    private let inputs: Int
    /// Window.length × inputs a block, scaled.
    let x: [Lanes]
    /// Leads a block: scaled changes, NaN where there was no observation.
    let labels: [Lanes]
    private let trace: NetworkTrace
    private var dy: [Lanes]

    /// - Parameter leadWeights: one a lead.
    init(_ origins: LiveOrigins, _ architecture: Architecture, _ normalisation: Normalisation, leadWeights: [Float]) {
        let lanes = Lanes.scalarCount
        let inputs = architecture.inputs.count
        let blocks = (origins.range.count + lanes - 1) / lanes
        let encoder = WindowEncoder(features: architecture.inputs, scales: normalisation.inputs)
        var x = [Lanes](repeating: .zero, count: blocks * Window.length * inputs)
        var labels = [Lanes](repeating: Lanes(repeating: .nan), count: blocks * Forecast.leads)
        x.withUnsafeMutableBufferPointer { x in
            guard let x = x.baseAddress else { return }
            let hours = MeasureLanes(rows: Window.length)
            for block in 0..<blocks {
                // A block's windows are months apart, so that every batch holds much that is different.
                for lane in 0..<lanes where lane * blocks + block < origins.range.count {
                    let origin = origins.range.lowerBound + lane * blocks + block
                    hours.load(
                        origins.rows[origin - Window.length + 1...origin],
                        lastHour: origins.series.start.advanced(by: origin),
                        StationContext(longitude: origins.series.longitude), lane: lane)
                    for lead in 1...Forecast.leads {
                        let change = origins.observed(origin, lead) - origins.rows[origin].pm25
                        labels[block * Forecast.leads + lead - 1][lane] = normalisation.output.scaled(change)
                    }
                }
                encoder.encode(hours, into: x + block * Window.length * inputs)
            }
        }
        self.x = x
        self.labels = labels
        self.blocks = blocks
        self.inputs = inputs
        self.leadWeights = leadWeights
        trace = NetworkTrace(architecture.shape, steps: Window.length)
        dy = Array(repeating: .zero, count: Forecast.leads)
    }

    func add(
        block: Int, of network: Network, gradient: UnsafeMutablePointer<Lanes>?, squaredErrors: inout Lanes,
        count: inout Int
    ) {
        x.withUnsafeBufferPointer { x in
            guard let x = x.baseAddress else { return }
            let window = x + block * Window.length * inputs
            network.forward(window, trace)
            for lead in dy.indices {
                let label = labels[block * Forecast.leads + lead]
                let hasLabel = label .== label
                let error = (trace.y[lead] - label).replacing(with: 0, where: .!hasLabel)
                dy[lead] = error * leadWeights[lead]
                squaredErrors += error * dy[lead]
                count += Int(Lanes.zero.replacing(with: 1, where: hasLabel).sum())
            }
            if let gradient { network.backward(window, trace, dy: dy, addingTo: gradient) }
        }
    }
}
