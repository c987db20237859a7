/// How well prediction bands held; grows by one observation at a time. A share of nothing is NaN.
public struct BandScore: Sendable, Equatable {
    /// Observations scored.
    public private(set) var n = 0
    private var within80 = 0
    private var within95 = 0
    private var high = 0
    private var highWithin80 = 0
    private var widths = 0.0
    private var intervalScores = 0.0
    private var brier = [Double](repeating: 0, count: Self.levels.count)
    private var persistenceBrier = [Double](repeating: 0, count: Self.levels.count)

    /// Where the bands matter most: a forecast above this, in µg/m³.
    private static let highLevel: Float = 150
    /// What must not be exceeded, in µg/m³.
    private static let levels: [Float] = [75, 150]

    /// Adds what was observed at a lead of a forecast; one that has no bands is passed over.
    ///
    /// - Parameter persistence: the last pm25 known at the origin.
    mutating func add(_ forecast: Forecast, index: Int, persistence: Float, observed: Float) {
        guard let bands = forecast.bands else { return }
        let pm25 = forecast.pm25[index]
        let lower = bands.lower80[index]
        let upper = bands.upper80[index]
        // No ranges: the bands are NaN where the series lacks a measure that the model needs.
        let isWithin = lower <= observed && observed <= upper
        n += 1
        within80 += isWithin ? 1 : 0
        within95 += bands.lower95[index] <= observed && observed <= bands.upper95[index] ? 1 : 0
        if pm25 > Self.highLevel {
            high += 1
            highWithin80 += isWithin ? 1 : 0
        }
        widths += Double(upper - lower)
        for (level, value) in Self.levels.enumerated() {
            let exceeds: Float = observed > value ? 1 : 0
            let error = (forecast.exceedance(of: value, lead: index + 1) ?? 0) - exceeds
            brier[level] += Double(error * error)
            // Persistence knows no doubt: it is right or wrong.
            persistenceBrier[level] += (persistence > value) == (observed > value) ? 0 : 1
        }
        // Gneiting and Raftery's interval score: the width, and 2/α times what an observation lies outside.
        let outside = max(0, lower - observed) + max(0, observed - upper)
        intervalScores += Double(upper - lower) + 2 / 0.2 * Double(outside)
    }

    /// Share of the observations inside the 80 % band.
    public var coverage80: Double { Double(within80) / Double(n) }
    /// Share of the observations inside the 95 % band.
    public var coverage95: Double { Double(within95) / Double(n) }
    /// Mean width of the 80 % band in µg/m³.
    public var width80: Double { widths / Double(n) }
    /// Mean interval score of the 80 % band in µg/m³.
    public var intervalScore80: Double { intervalScores / Double(n) }
    /// Share inside the 80 % band where the forecast is above 150 µg/m³.
    public var coverage80Above150: Double { Double(highWithin80) / Double(high) }

    /// The scores; a share of nothing is null.
    var json: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "coverage80": .number(coverage80), "coverage95": .number(coverage95), "width80": .number(width80),
            "interval_score80": .number(intervalScore80), "coverage80_above150": .number(coverage80Above150),
        ]
        for (level, value) in Self.levels.enumerated() {
            members["brier\(Int(value))"] = .number(brier[level] / Double(n))
            members["brier_skill\(Int(value))"] = .number(1 - brier[level] / persistenceBrier[level])
        }
        return members
    }
}
