/// How well prediction bands held; grows by one observation at a time.
struct BandScore: Sendable {
    private var n = 0
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

    /// The scores; a share of nothing is null.
    var json: [String: JSONValue] {
        [
            "coverage80": .number(Double(within80) / Double(n)), "coverage95": .number(Double(within95) / Double(n)),
            "width80": .number(widths / Double(n)), "interval_score80": .number(intervalScores / Double(n)),
            "coverage80_above150": .number(Double(highWithin80) / Double(high)),
        ]
    }
}
