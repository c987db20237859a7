extension Model {
    /// Forecasts the 24 hours after each window's origin.
    ///
    /// The network gives the next hour; that pm25 is fed back, with the weather held at its last value, until all leads
    /// are there. What is fed back is the network's own value; only what is returned is kept from falling below zero.
    ///
    /// - Returns: one forecast a window, in their order; bit-identical whatever else is in the batch.
    public func forecast(_ windows: [Window]) -> [Forecast] {
        let rollout = Rollout(model: self)
        var forecasts: [Forecast] = []
        forecasts.reserveCapacity(windows.count)
        for first in stride(from: 0, to: windows.count, by: Lanes.scalarCount) {
            let block = windows[first..<min(first + Lanes.scalarCount, windows.count)]
            for (lane, window) in block.enumerated() {
                rollout.load(window.steps, lane: lane)
            }
            let leads = rollout.run()
            for lane in 0..<block.count {
                forecasts.append(Forecast(pm25: leads.map { max(0, $0[lane]) }))
            }
        }
        return forecasts
    }
}

/// Sixteen windows rolled out over all leads, with the room that this needs.
private final class Rollout {
    private let model: Model
    private let trace: NetworkTrace
    /// (Window.length + Forecast.leads - 1) × inputs, scaled.
    private let x: UnsafeMutablePointer<Lanes>
    private let rows = Window.length + Forecast.leads - 1

    init(model: Model) {
        self.model = model
        trace = NetworkTrace(model.network.shape, steps: Window.length)
        let count = rows * model.architecture.inputs.count
        x = .allocate(capacity: count)
        x.initialize(repeating: .zero, count: count)
    }

    deinit {
        x.deallocate()
    }

    func load(_ steps: [Measures], lane: Int) {
        let inputs = model.architecture.inputs.count
        for (i, feature) in model.architecture.inputs.enumerated() {
            let scale = model.normalisation.inputs[i]
            for t in 0..<rows {
                let hour = steps[min(t, Window.length - 1)]
                x[t * inputs + i][lane] = scale.scaled(feature.value(of: hour))
            }
        }
    }

    /// pm25 in µg/m³ at each lead, as the network gives it.
    func run() -> [Lanes] {
        let inputs = model.architecture.inputs.count
        let pm25 = model.architecture.inputs.firstIndex(of: .pm25)
        return (0..<Forecast.leads).map { lead in
            model.network.forward(x + lead * inputs, trace)
            let value = model.normalisation.output.unscaled(trace.y[0])
            if let pm25, lead + 1 < Forecast.leads {
                x[(Window.length + lead) * inputs + pm25] = model.normalisation.inputs[pm25].scaled(value)
            }
            return value
        }
    }
}

extension Normalisation.Scale {
    func scaled(_ value: Lanes) -> Lanes { (value - offset) / scale }
    func unscaled(_ value: Lanes) -> Lanes { offset + value * scale }
}
