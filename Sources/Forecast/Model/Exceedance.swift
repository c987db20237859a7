import Foundation

extension Forecast {
    /// The probability that PM2.5 exceeds a level at a lead.
    ///
    /// The band edges and the forecast itself, as the middle, fix the distribution at 2.5, 10, 50, 90 and 97.5 %. Between
    /// them the log-odds are linear in the level. Beyond the outermost edges they go on at half the slope of the segment
    /// before, because that is how often the highest readings were seen (on 2013, from bands learnt on 2012).
    ///
    /// `hazecast.exceedance_probability` in SQL is the same arithmetic.
    ///
    /// - Parameters:
    ///   - level: in µg/m³, not NaN.
    ///   - lead: 1…24.
    /// - Returns: 0…1, never rising with the level; 1 below zero, .1 and .025 at the upper edges of the bands, .9 and .975
    ///   at the lower ones that are apart from each other. nil without bands.
    public func exceedance(of level: Float, lead: Int) -> Float? {
        precondition((1...Self.leads).contains(lead) && !level.isNaN, "a level at a lead from 1 to \(Self.leads)")
        guard let bands else { return nil }
        let edges = [
            bands.lower95[lead - 1], bands.lower80[lead - 1], pm25[lead - 1], bands.upper80[lead - 1],
            bands.upper95[lead - 1],
        ].map(Double.init)
        if level < 0 { return 1 }
        let logOdds = Self.logOdds(at: Double(level), edges)
        return Float(1 / (1 + exp(min(max(logOdds, -80), 80))))
    }

    /// Log-odds of the shares of observations that lie below the five edges.
    private static let edgeLogOdds = [0.025, 0.1, 0.5, 0.9, 0.975].map { log($0 / (1 - $0)) }

    /// Log-odds that an observation is not above a level.
    private static func logOdds(at level: Double, _ edges: [Double]) -> Double {
        func slope(_ segment: Int) -> Double {
            (edgeLogOdds[segment + 1] - edgeLogOdds[segment]) / (edges[segment + 1] - edges[segment])
        }
        guard let below = edges.lastIndex(where: { $0 <= level }) else {
            return edgeLogOdds[0] + (level - edges[0]) * slope(0) / 2
        }
        // At the last edge itself there is nothing beyond to add, and a band without width has no slope.
        if level == edges[below] { return edgeLogOdds[below] }
        let beyond = below == edges.count - 1
        return edgeLogOdds[below] + (level - edges[below]) * (beyond ? slope(below - 1) / 2 : slope(below))
    }
}
