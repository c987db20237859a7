/// Prediction bands by conformal quantiles: how far observations lay from forecasts, by lead and by the forecast's level.
///
/// High forecasts miss by more than low ones, so bands of one width for all cover far too little where it matters most.
public struct BandTable: Sendable, Equatable {
    /// Levels of pm25 in µg/m³ between one bin and the next, ascending, for each lead.
    public let edges: [[Float]]
    /// Observed − forecast in µg/m³ at the four edges of the bands, for each lead and bin: the least first.
    public let residuals: [[[Float]]]

    /// The same for many forecasts at once.
    let lanes: BandLanes

    /// Shares of the residuals below the four edges: lower95, lower80, upper80, upper95.
    static let quantiles = [0.025, 0.1, 0.9, 0.975]
    /// Bins hold these shares of the forecasts from the lowest up, finest at both ends: errors grow fastest with the level at
    /// the lower one, and the upper one matters most.
    static let shares = [0.07, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97]

    init(edges: [[Float]], residuals: [[[Float]]]) {
        self.edges = edges.map { $0.map { $0 + 0 } }
        self.residuals = residuals.map { $0.map { $0.map { $0 + 0 } } }
        lanes = BandLanes(edges: self.edges, residuals: self.residuals)
    }

    /// What the prior's residuals count as in each bin, in observations. From 69 days of a station on, this gave bands that
    /// held as often as they say, where the station's own alone were too narrow at the top.
    private static let priorCount: Float = 400

    /// Forecasts and what was observed, by lead, where a model had not seen the observations.
    struct Errors {
        var leads = [[(predicted: Float, observed: Float)]](repeating: [], count: Forecast.leads)

        mutating func add(_ model: Model, at unseen: LiveOrigins) {
            let forecasts = model.forecast(unseen.windows, contexts: unseen.contexts)
            for (origin, forecast) in zip(unseen.range, forecasts) {
                for lead in 1...Forecast.leads {
                    let observed = unseen.observed(origin, lead)
                    if !observed.isNaN { leads[lead - 1].append((forecast.pm25[lead - 1], observed)) }
                }
            }
        }
    }

    /// Learns bands from errors.
    ///
    /// - Parameter prior: bands to lean on where there is little to learn from.
    init(learntFrom errors: Errors, prior: BandTable? = nil) {
        var edges: [[Float]] = []
        var residuals: [[[Float]]] = []
        for (lead, pairs) in errors.leads.enumerated() {
            let levels = pairs.map(\.predicted).sorted()
            let leadEdges = Self.shares.map { Self.quantile($0, of: levels) }
            var bins = [[(predicted: Float, observed: Float)]](repeating: [], count: leadEdges.count + 1)
            for pair in pairs { bins[Self.bin(of: pair.predicted, leadEdges)].append(pair) }
            edges.append(leadEdges)
            residuals.append(
                bins.map { pairs in
                    let sorted = pairs.map { $0.observed - $0.predicted }.sorted()
                    let own = Self.quantiles.map { Self.quantile($0, of: sorted, together: Self.together(lead + 1)) }
                    guard let prior, !pairs.isEmpty else { return own }
                    let share = Self.priorCount / (Self.priorCount + Float(pairs.count))
                    return own.indices.map { edge in
                        let before = pairs.reduce(0) { $0 + prior.residuals(at: $1.predicted, lead)[edge] }
                        return own[edge] * (1 - share) + before / Float(pairs.count) * share
                    }
                })
        }
        self.init(edges: edges, residuals: residuals)
    }

    /// Consecutive origins whose errors at a lead count as one, because they forecast the same hours: half of those that
    /// overlap. On 2011 to 2013, each with bands learnt from the other two years, this came nearest to what bands promise
    /// above 150 µg/m³ without making the rest too wide.
    private static func together(_ lead: Int) -> Int { (lead + 1) / 2 }

    /// What the bins of relative bands go by: how high a forecast is beside the window's scale, as a logarithm.
    static func level(_ pm25: Lanes, mean: Lanes, scale: Lanes) -> Lanes {
        (pm25 + mean * 0.1 + 1).logarithm() - scale.logarithm()
    }

    /// The bands around a forecast: none below zero, none crossing, and none without the forecast in it.
    public func bands(of pm25: [Float]) -> Forecast.Bands {
        var bands = Forecast.Bands(
            lower80: pm25, upper80: pm25, lower95: pm25, upper95: pm25)
        for lead in pm25.indices {
            let value = pm25[lead]
            let residuals = residuals(at: value, lead)
            bands.lower95[lead] = max(0, value + min(residuals[0], 0))
            bands.lower80[lead] = max(bands.lower95[lead], value + min(residuals[1], 0))
            bands.upper80[lead] = value + max(residuals[2], 0)
            bands.upper95[lead] = max(bands.upper80[lead], value + residuals[3])
        }
        return bands
    }

    /// - Parameter lead: from 0.
    private func residuals(at value: Float, _ lead: Int) -> [Float] {
        residuals[lead][Self.bin(of: value, edges[lead])]
    }

    private static func bin(of value: Float, _ edges: [Float]) -> Int {
        edges.firstIndex { value < $0 } ?? edges.count
    }

    /// The conformal quantile, between neighbours by their distance: with n values the rank among n + 1, and where only one
    /// in `together` tells something new, the rank among n / `together` + 1: bands learnt from few episodes are wider.
    static func quantile(_ share: Double, of sorted: [Float], together: Int = 1) -> Float {
        guard let first = sorted.first, let last = sorted.last else { return 0 }
        let rank = share * Double(sorted.count + together) - Double(share > 0.5 ? 1 : together)
        guard rank > 0 else { return first }
        let below = Int(rank)
        guard below + 1 < sorted.count else { return last }
        return sorted[below] + (sorted[below + 1] - sorted[below]) * Float(rank - Double(below))
    }
}
