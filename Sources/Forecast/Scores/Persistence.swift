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
