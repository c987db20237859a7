import NetworkKernel

extension Model {
    /// Forecasts the 24 hours after each window's origin.
    ///
    /// A network that gives the next hour feeds that pm25 back, with the weather held at its last value, until all leads
    /// are there; what is fed back is its own value. Only what is returned is kept from falling below zero.
    ///
    /// - Parameter contexts: what is known of each window's station; nothing at all by default.
    /// - Returns: one forecast per window, in their order; bit-identical whatever else is in the batch.
    /// - Precondition: there are as many contexts as windows, or none.
    package func forecast(_ windows: [Window], contexts: [StationContext] = []) -> [Forecast] {
        precondition(contexts.isEmpty || contexts.count == windows.count, "a context for each window")
        let forecaster = Forecaster(self)
        var forecasts: [Forecast] = []
        forecasts.reserveCapacity(windows.count)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Forecaster.width * ForecastRow.length) { values in
            withUnsafeTemporaryAllocation(of: Bool.self, capacity: Forecaster.width) { flags in
                guard let values = values.baseAddress, let flags = flags.baseAddress else { return }
                values.initialize(repeating: 0, count: Forecaster.width * ForecastRow.length)
                flags.initialize(repeating: false, count: Forecaster.width)
                func row(_ lane: Int) -> ForecastRow {
                    ForecastRow(values: values + lane * ForecastRow.length, hasBands: flags + lane)
                }
                for first in stride(from: 0, to: windows.count, by: Forecaster.width) {
                    let count = min(Forecaster.width, windows.count - first)
                    for lane in 0..<count {
                        windows[first + lane].steps.withUnsafeBufferPointer {
                            forecaster.load(
                                $0, origin: windows[first + lane].origin,
                                contexts.isEmpty ? StationContext() : contexts[first + lane], lane: lane)
                        }
                    }
                    forecaster.forecast(lanes: count, row)
                    for lane in 0..<count { forecasts.append(row(lane).forecast) }
                }
            }
        }
        return forecasts
    }

    /// What a forecast is made from.
    struct Place {
        /// `Window.length` hours, and then those whose weather is known beforehand, for the chapter's protocol. pm25 is
        /// never read beyond the first `Window.length`.
        let hours: ArraySlice<Measures>
        /// When the last of the first `Window.length` hours is.
        let origin: UTCHour
        /// What is known of the station.
        let context: StationContext
    }

    /// pm25 in µg/m³ for the first `leads` hours, as the networks give it, averaged over the members.
    ///
    /// A network that gives the next hour is rolled out through the known weather and then through the last of it; one
    /// that gives changes knows no weather after its origin.
    func outputs(_ places: [Place], leads: Int) -> [[Float]] {
        let block = ForecastBlock(model: self, leads: leads)
        var results: [[Float]] = []
        results.reserveCapacity(places.count)
        for first in stride(from: 0, to: places.count, by: Lanes.scalarCount) {
            let count = min(Lanes.scalarCount, places.count - first)
            for lane in 0..<count { block.load(places[first + lane], lane: lane) }
            block.run(lanes: count)
            for lane in 0..<count { results.append((0..<leads).map { block.output(lead: $0)[lane] }) }
        }
        return results
    }
}

/// Sixteen windows forecast side by side, with the room that this needs.
final class ForecastBlock {
    private let model: Model
    private let leads: Int
    private let encoder: WindowEncoder
    private let hours: MeasureLanes
    private lazy var trace = NetworkTrace(model.architecture.shape, steps: Window.length)
    private let inputs: Int
    /// rows × inputs, scaled.
    private let x: UnsafeMutablePointer<Lanes>
    /// What the last `run` gave, by lead, in µg/m³.
    private let pm25: UnsafeMutablePointer<Lanes>
    /// 1 where the last `run` clipped a lead of a window.
    private var clippedLanes = Lanes.zero
    /// Level and scale of the last windows, and their hours with PM2.5.
    private var window = (mean: Lanes.zero, scale: Lanes.zero, hours: Lanes.zero)

    init(model: Model, leads: Int) {
        self.model = model
        self.leads = leads
        inputs = model.architecture.inputs.count
        encoder = WindowEncoder(features: model.architecture.inputs, scales: model.normalisation.inputs)
        let rows = model.architecture.head == .nextHour ? Window.length + leads - 1 : Window.length
        hours = MeasureLanes(rows: rows)
        x = .allocate(capacity: rows * inputs)
        x.initialize(repeating: .zero, count: rows * inputs)
        pm25 = .allocate(capacity: leads)
        pm25.initialize(repeating: .zero, count: leads)
    }

    deinit {
        x.deallocate()
        pm25.deallocate()
    }

    func load(_ place: Model.Place, lane: Int) {
        hours.load(place.hours.prefix(hours.rows), lastHour: place.origin, place.context, lane: lane)
    }

    /// - Parameter steps: `Window.length` hours; the last one's weather is held.
    func load(_ steps: UnsafeBufferPointer<Measures>, origin: UTCHour, _ context: StationContext, lane: Int) {
        hours.load(steps, lastHour: origin, context, lane: lane)
    }

    /// Up to so many windows are forecast one by one; 16 at once take longer than three of them, and less than four.
    private static let few = 3

    /// - Parameter lanes: the first ones, which hold a window.
    func run(lanes: Int) {
        encoder.encode(hours, into: x)
        switch model.architecture.head {
        case .nextHour: rollOut(model.networks[0])
        case .changes: average(lanes: lanes)
        case .relativeChanges:
            window = WindowLanes.levelAndScale(hours.pm25)
            average(lanes: lanes)
        }
    }

    /// How many of the first windows of the last `run` were clipped at some lead.
    func clipped(lanes: Int) -> Int { (0..<lanes).count { clippedLanes[$0] > 0 } }

    /// What relative bands go by: the forecast's level beside the window's scale, that scale, up to a quarter wider where hours are
    /// missing, and the station's RMS change at a lead, from 0; NaN where there is no memory. Scale and change are in µg/m³.
    func bandUnits(of pm25: Lanes, lead: Int) -> (level: Lanes, scale: Lanes, change: Lanes) {
        let missing = 1 - window.hours / Float(Window.length)
        return (
            BandTable.level(pm25, mean: window.mean, scale: window.scale), window.scale * (1 + missing * 0.25),
            hours.memory.change(lead: lead)
        )
    }

    /// The bands of the forecasts that the last `run` gave at a lead, from 0; nil for a model without bands.
    ///
    /// - Parameter pm25: the forecasts, none below zero.
    func edges(around pm25: Lanes, lanes: Int, lead: Int) -> BandLanes.Edges? {
        guard let bands = model.bands?.lanes else { return nil }
        guard model.architecture.head == .relativeChanges, let memoryBands = model.memoryBands?.lanes else {
            return bands.edges(around: pm25, lanes: lanes, lead: lead)
        }
        let (level, scale, change) = bandUnits(of: pm25, lead: lead)
        let own = bands.edges(around: pm25, level: level, unit: scale, lanes: lanes, lead: lead)
        let isKnown = change .== change
        let unit = Lanes(repeating: 1).replacing(with: change, where: isKnown)
        let remembered = memoryBands.edges(around: pm25, level: level, unit: unit, lanes: lanes, lead: lead)
        return (
            own.lower80.replacing(with: remembered.lower80, where: isKnown),
            own.upper80.replacing(with: remembered.upper80, where: isKnown),
            own.lower95.replacing(with: remembered.lower95, where: isKnown),
            own.upper95.replacing(with: remembered.upper95, where: isKnown)
        )
    }

    /// What the last `run` gave every window at a lead, from 0, in µg/m³.
    func output(lead: Int) -> Lanes { pm25[lead] }

    private func rollOut(_ network: Network) {
        let column = model.architecture.inputs.firstIndex(of: .pm25) ?? 0
        for lead in 0..<leads {
            network.predict(x + lead * inputs, trace)
            pm25[lead] = model.normalisation.output.unscaled(trace.y[0])
            if lead + 1 < leads {
                x[(Window.length + lead) * inputs + column] = model.normalisation.inputs[column].scaled(pm25[lead])
            }
        }
    }

    private func average(lanes: Int) {
        pm25.update(repeating: .zero, count: leads)
        if lanes <= Self.few, model.networks.allSatisfy(\.predictsSingly) {
            for lane in 0..<lanes { sum(lane: lane) }
        } else {
            for network in model.networks {
                network.predict(x, trace)
                for lead in 0..<leads { pm25[lead] += trace.y[lead] }
            }
        }
        let share = 1 / Float(model.networks.count)
        let last = hours.pm25[Window.length - 1]
        if model.architecture.head == .changes {
            for lead in 0..<leads { pm25[lead] = last + model.normalisation.output.unscaled(pm25[lead] * share) }
            return
        }
        clippedLanes = .zero
        for lead in 0..<leads {
            var change = model.normalisation.output.unscaled(pm25[lead] * share)
            if let limits = model.limits {
                let (least, most) = (limits[lead].lowerBound, limits[lead].upperBound)
                clippedLanes.replace(with: 1, where: change .< least .| change .> most)
                change = change.replacing(with: least, where: change .< least)
                    .replacing(with: most, where: change .> most)
            }
            pm25[lead] = last + window.scale * change
        }
    }

    /// Adds what all networks make of one window.
    private func sum(lane: Int) {
        let count = Window.length * inputs
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count + model.architecture.shape.outputs) { room in
            guard let window = room.baseAddress else { return }
            let y = window + count
            for number in 0..<count { window[number] = x[number][lane] }
            for network in model.networks {
                network.predict(single: window, steps: Window.length, y: y)
                for lead in 0..<leads { pm25[lead][lane] += y[lead] }
            }
        }
    }
}

extension Normalisation.Scale {
    @inline(__always)
    func scaled(_ value: Lanes) -> Lanes { (value - offset) / scale }
    @inline(__always)
    func unscaled(_ value: Lanes) -> Lanes { offset + value * scale }
}
