/// A `BandTable` in one piece, for 16 forecasts at a time: the same bands to the last bit.
struct BandLanes: Sendable, Equatable {
    /// Bins that a lead has room for.
    private let bins: Int
    /// For each lead the levels between its bins, and infinity for those that it does not have.
    private let levels: [Float]
    /// For each lead and bin: lower95, lower80, upper80, upper95.
    private let residuals: [SIMD4<Float>]

    init(edges: [[Float]], residuals: [[[Float]]]) {
        let bins = 1 + (edges.map(\.count).max() ?? 0)
        self.bins = bins
        levels = edges.flatMap { $0 + Array(repeating: .infinity, count: bins - 1 - $0.count) }
        self.residuals = residuals.flatMap { lead in
            (0..<bins).map { bin in
                let four = lead[min(bin, lead.count - 1)]
                return SIMD4(four[0], four[1], four[2], four[3])
            }
        }
    }

    /// Four edges of the bands of 16 forecasts at one lead, in µg/m³.
    typealias Edges = (lower80: Lanes, upper80: Lanes, lower95: Lanes, upper95: Lanes)

    /// The bands around forecasts at one lead: none below zero, none crossing, and none without the forecast in it.
    ///
    /// - Parameters:
    ///   - level: what the bins go by; the forecast itself where nil.
    ///   - unit: what the residuals are multiples of, in µg/m³.
    ///   - lanes: the first ones, which count.
    ///   - lead: from 0.
    func edges(
        around value: Lanes, level: Lanes? = nil, unit: Lanes = Lanes(repeating: 1), lanes: Int, lead: Int
    ) -> Edges {
        let key = level ?? value
        var bin = SIMD16<Int32>.zero
        for level in lead * (bins - 1)..<(lead + 1) * (bins - 1) {
            bin.replace(with: bin &+ 1, where: key .>= levels[level])
        }
        var lowest = Lanes.zero
        var low = Lanes.zero
        var high = Lanes.zero
        var highest = Lanes.zero
        for lane in 0..<lanes {
            let four = residuals[lead * bins + Int(bin[lane])]
            (lowest[lane], low[lane], high[lane], highest[lane]) = (four[0], four[1], four[2], four[3])
        }
        (lowest, low, high, highest) = (lowest * unit, low * unit, high * unit, highest * unit)
        let below95 = value + lowest.replacing(with: 0, where: lowest .> 0)
        let lower95 = below95.replacing(with: 0, where: below95 .< 0)
        let below80 = value + low.replacing(with: 0, where: low .> 0)
        let lower80 = below80.replacing(with: lower95, where: below80 .< lower95)
        let upper80 = value + high.replacing(with: 0, where: high .<= 0)
        let above95 = value + highest
        let upper95 = above95.replacing(with: upper80, where: above95 .< upper80)
        return (lower80, upper80, lower95, upper95)
    }
}
