/// "It stays as it is", with bands that say how much a station's PM2.5 has changed lately.
///
/// Serves a station whose model is no better; there is nothing in it that could be wrong but the bands, and those adapt.
public struct Persistence: Sendable, Equatable {
    /// Quantiles of the changes in µg/m³: for 1 hour those at the four edges of the bands, the least first, then for 2 hours,
    /// up to `Forecast.leads`.
    public let changes: [Float]
    private let bands: BandTable

    /// Days of readings that the changes are taken from.
    public static let days = 60

    /// Quantiles that were learnt before.
    public init(changes: [Float]) {
        let edges = BandTable.quantiles.count
        precondition(changes.count == Forecast.leads * edges, "\(edges) quantiles for each lead")
        self.changes = changes
        bands = BandTable(
            edges: Array(repeating: [], count: Forecast.leads),
            residuals: (0..<Forecast.leads).map { [Array(changes[$0 * edges..<($0 + 1) * edges])] })
    }

    /// Learns from a station's readings; a lead at which there are none two of which can be compared has bands of no width.
    public init(learntFrom readings: HourlySeries) {
        let pm25 = readings.measures.map(\.pm25)
        self.init(
            changes: (1...Forecast.leads).flatMap { lead in
                let changes = pm25.indices.dropLast(lead).map { pm25[$0 + lead] - pm25[$0] }.filter { !$0.isNaN }
                    .sorted()
                return BandTable.quantiles.map { BandTable.quantile($0, of: changes) }
            })
    }

    /// The forecast of a window.
    public func forecast(_ window: Window) -> Forecast {
        let pm25 = [Float](repeating: max(0, window.steps[Window.length - 1].pm25), count: Forecast.leads)
        return Forecast(pm25: pm25, bands: bands.bands(of: pm25))
    }
}

extension Model {
    /// Persistence with the bands that `persistenceBands` has, for a station of which too little is known for a model.
    ///
    /// - Parameters:
    ///   - steps: `Window.length` hours, the last of them with PM2.5.
    ///   - row: receives the forecast; without bands where the model has none for it.
    package func persistence(of steps: UnsafeBufferPointer<Measures>, into row: ForecastRow) {
        var pm25 = InlineArray<24, Lanes>(repeating: Lanes(repeating: .nan))
        for step in 0..<Window.length { pm25[step][0] = steps[step].pm25 }
        let last = max(0, steps[Window.length - 1].pm25)
        row.hasBands = persistenceBands != nil
        for lead in 0..<Forecast.leads { row.values[lead] = last }
        guard let bands = persistenceBands?.lanes else { return }
        let window = withUnsafePointer(to: &pm25) {
            $0.withMemoryRebound(to: Lanes.self, capacity: Window.length) { WindowLanes.levelAndScale($0) }
        }
        let value = Lanes(repeating: last)
        let level = BandTable.level(value, mean: window.mean, scale: window.scale)
        for lead in 0..<Forecast.leads {
            let edges = bands.edges(around: value, level: level, unit: window.scale, lanes: 1, lead: lead)
            row.values[Forecast.leads + lead] = edges.lower80[0]
            row.values[2 * Forecast.leads + lead] = edges.upper80[0]
            row.values[3 * Forecast.leads + lead] = edges.lower95[0]
            row.values[4 * Forecast.leads + lead] = edges.upper95[0]
        }
    }
}
