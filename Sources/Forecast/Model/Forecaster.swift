/// Forecasts by one model, 16 windows at a time, in memory that is used again and again: nothing is allocated for a window.
///
/// Not Sendable on purpose: one owner uses it for one block of windows after another.
public final class Forecaster {
    /// Windows of a block.
    public static let width = Lanes.scalarCount

    private let model: Model
    private let block: ForecastBlock

    /// Room for the forecasts of a model.
    public init(_ model: Model) {
        self.model = model
        block = ForecastBlock(model: model, leads: Forecast.leads)
    }

    /// Puts a window into a lane of the block.
    ///
    /// - Parameters:
    ///   - steps: `Window.length` hours, the oldest first; without gaps unless the model bears them.
    ///   - origin: when the last of them is.
    ///   - context: what is known of the station.
    ///   - lane: below `width`.
    package func load(
        _ steps: UnsafeBufferPointer<Measures>, origin: UTCHour, _ context: StationContext, lane: Int
    ) {
        precondition(steps.count == Window.length && (0..<Self.width).contains(lane), "a window in a lane")
        block.load(steps, origin: origin, context, lane: lane)
    }

    /// Forecasts the windows in the first lanes, each as if it were alone.
    ///
    /// - Parameter row: where to write the forecast of a lane.
    /// - Returns: how many of them were clipped, because they went beyond what their windows make plausible.
    @discardableResult
    public func forecast(lanes: Int, _ row: (_ lane: Int) -> ForecastRow) -> Int {
        block.run(lanes: lanes)
        for lane in 0..<lanes { row(lane).hasBands = model.bands != nil }
        for lead in 0..<Forecast.leads {
            let output = block.output(lead: lead)
            let pm25 = output.replacing(with: 0, where: output .< 0)
            let edges = block.edges(around: pm25, lanes: lanes, lead: lead)
            for lane in 0..<lanes {
                let values = row(lane).values + lead
                values[0] = pm25[lane]
                guard let edges else { continue }
                values[Forecast.leads] = edges.lower80[lane]
                values[2 * Forecast.leads] = edges.upper80[lane]
                values[3 * Forecast.leads] = edges.lower95[lane]
                values[4 * Forecast.leads] = edges.upper95[lane]
            }
        }
        return block.clipped(lanes: lanes)
    }
}

/// One forecast in one piece of memory that belongs to somebody else.
public struct ForecastRow {
    /// Floats that it takes: pm25, lower80, upper80, lower95 and upper95 in µg/m³, `Forecast.leads` of each.
    public static let length = 5 * Forecast.leads

    /// `length` floats; only the first `Forecast.leads` of them mean something where there are no bands.
    public let values: UnsafeMutablePointer<Float>
    private let bandsFlag: UnsafeMutablePointer<Bool>

    /// A row in the memory given, which has to be there for as long as the row is used.
    public init(values: UnsafeMutablePointer<Float>, hasBands: UnsafeMutablePointer<Bool>) {
        self.values = values
        bandsFlag = hasBands
    }

    /// Whether there are bands.
    public var hasBands: Bool {
        get { bandsFlag.pointee }
        nonmutating set { bandsFlag.pointee = newValue }
    }

    /// The forecast in arrays of its own.
    public var forecast: Forecast {
        get {
            func values(_ number: Int) -> [Float] {
                Array(UnsafeBufferPointer(start: self.values + number * Forecast.leads, count: Forecast.leads))
            }
            return Forecast(
                pm25: values(0),
                bands: hasBands
                    ? Forecast.Bands(lower80: values(1), upper80: values(2), lower95: values(3), upper95: values(4))
                    : nil)
        }
        nonmutating set {
            func set(_ number: Int, _ new: [Float]) {
                precondition(new.count == Forecast.leads, "a value for each lead")
                for lead in new.indices { values[number * Forecast.leads + lead] = new[lead] }
            }
            set(0, newValue.pm25)
            hasBands = newValue.bands != nil
            guard let bands = newValue.bands else { return }
            set(1, bands.lower80)
            set(2, bands.upper80)
            set(3, bands.lower95)
            set(4, bands.upper95)
        }
    }
}

extension Forecast {
    /// The forecast after `change` has worked on it as a row.
    package func changed(_ change: (ForecastRow) -> Void) -> Forecast {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: ForecastRow.length) { values in
            guard let values = values.baseAddress else { return self }
            values.initialize(repeating: 0, count: ForecastRow.length)
            var hasBands = false
            return withUnsafeMutablePointer(to: &hasBands) { hasBands in
                let row = ForecastRow(values: values, hasBands: hasBands)
                row.forecast = self
                change(row)
                return row.forecast
            }
        }
    }
}
