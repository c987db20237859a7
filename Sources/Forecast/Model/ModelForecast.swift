extension Model {
    /// Forecasts the 24 hours after each window's origin.
    ///
    /// The network gives the next hour; that pm25 is fed back, with the weather held at its last value, until all leads
    /// are there. What is fed back is the network's own value; only what is returned is kept from falling below zero.
    ///
    /// - Returns: one forecast a window, in their order; bit-identical whatever else is in the batch.
    public func forecast(_ windows: [Window]) -> [Forecast] {
        rollout(windows.map { $0.steps[...] }, leads: Forecast.leads).map { leads in
            Forecast(pm25: leads.map { max(0, $0) })
        }
    }

    /// pm25 in µg/m³ for `leads` hours, as the network gives it, fed back from hour to hour.
    ///
    /// - Parameter hours: for each forecast `Window.length` hours, and then those whose weather is known; after them the
    ///   weather is held at its last value. pm25 is never read beyond the first `Window.length` hours.
    func rollout(_ hours: [ArraySlice<Measures>], leads: Int) -> [[Float]] {
        let rollout = Rollout(model: self, leads: leads)
        var forecasts: [[Float]] = []
        forecasts.reserveCapacity(hours.count)
        for first in stride(from: 0, to: hours.count, by: Lanes.scalarCount) {
            let block = hours[first..<min(first + Lanes.scalarCount, hours.count)]
            for (lane, hours) in block.enumerated() {
                rollout.load(hours, lane: lane)
            }
            let values = rollout.run()
            for lane in 0..<block.count {
                forecasts.append(values.map { $0[lane] })
            }
        }
        return forecasts
    }
}

/// Sixteen windows rolled out side by side, with the room that this needs.
private final class Rollout {
    private let model: Model
    private let leads: Int
    private let trace: NetworkTrace
    private let rows: Int
    /// rows × inputs, scaled.
    private let x: UnsafeMutablePointer<Lanes>

    init(model: Model, leads: Int) {
        self.model = model
        self.leads = leads
        trace = NetworkTrace(model.network.shape, steps: Window.length)
        rows = Window.length + leads - 1
        let count = rows * model.architecture.inputs.count
        x = .allocate(capacity: count)
        x.initialize(repeating: .zero, count: count)
    }

    deinit {
        x.deallocate()
    }

    func load(_ hours: ArraySlice<Measures>, lane: Int) {
        let inputs = model.architecture.inputs.count
        for (i, feature) in model.architecture.inputs.enumerated() {
            let scale = model.normalisation.inputs[i]
            for t in 0..<rows {
                let hour = hours[min(hours.startIndex + t, hours.endIndex - 1)]
                x[t * inputs + i][lane] = scale.scaled(feature.value(of: hour))
            }
        }
    }

    /// pm25 in µg/m³ at each lead.
    func run() -> [Lanes] {
        let inputs = model.architecture.inputs.count
        let pm25 = model.architecture.inputs.firstIndex(of: .pm25)
        return (0..<leads).map { lead in
            model.network.forward(x + lead * inputs, trace)
            let value = model.normalisation.output.unscaled(trace.y[0])
            if let pm25, lead + 1 < leads {
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
