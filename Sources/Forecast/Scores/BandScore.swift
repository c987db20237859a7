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

    /// Where the bands matter most: a forecast above this, in µg/m³.
    private static let highLevel: Float = 150

    /// Adds what was observed at a lead of a forecast that has bands.
    mutating func add(_ bands: Forecast.Bands, pm25: Float, index: Int, observed: Float) {
        let lower = bands.lower80[index]
        let upper = bands.upper80[index]
        let isWithin = (lower...upper).contains(observed)
        n += 1
        within80 += isWithin ? 1 : 0
        within95 += (bands.lower95[index]...bands.upper95[index]).contains(observed) ? 1 : 0
        if pm25 > Self.highLevel {
            high += 1
            highWithin80 += isWithin ? 1 : 0
        }
        widths += Double(upper - lower)
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
        [
            "coverage80": .number(coverage80), "coverage95": .number(coverage95), "width80": .number(width80),
            "interval_score80": .number(intervalScore80), "coverage80_above150": .number(coverage80Above150),
        ]
    }
}
