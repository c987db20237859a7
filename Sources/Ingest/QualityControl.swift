public import Forecast

/// The checks that a raw value passes before it may enter a window.
///
/// A value that fails is treated as missing and flagged in `hazecast.reading_flag`; the reading itself stays as sent.
/// The ranges are what instruments and the atmosphere can do, not what is usual: they catch unit mistakes and error
/// codes such as −999 or 65535, not pollution.
public enum QualityControl {
    /// What is wrong with a value.
    public enum Flag: String, Sendable, CaseIterable {
        /// NaN or ±infinity.
        case notFinite = "not_finite"
        /// Below zero where that is impossible.
        case negative
        /// Outside the range of the measure.
        case outOfRange = "out_of_range"
        /// Observed more than an hour after now; looked at again when due.
        case future
        /// Observed before 2000-01-01T00:00Z.
        case before2000 = "before_2000"
    }

    /// One measure of a reading: its column and the closed range of values that may enter a window.
    public struct Check: Sendable {
        /// Column in `hazecast.reading`.
        public let column: String
        let measure: any WritableKeyPath<Measures, Float> & Sendable
        let range: ClosedRange<Float>
    }

    /// The six measures in column order.
    public static let checks: [Check] = [
        Check(column: "pm25", measure: \.pm25, range: 0...5_000),
        Check(column: "dew_point", measure: \.dewPoint, range: -100...50),
        Check(column: "temperature", measure: \.temperature, range: -100...70),
        Check(column: "pressure", measure: \.pressure, range: 300...1_100),
        Check(column: "wind_direction", measure: \.windDirection, range: 0...360),
        Check(column: "wind_speed", measure: \.windSpeed, range: 0...150),
    ]

    /// The first hour that may advance an origin.
    public static let firstHour = UTCHour(hoursSinceEpoch: 262_968)

    /// Hours that a reading may be ahead of the clock, for sources that stamp generously and clocks that differ.
    public static let hoursAhead = 1

    /// The flag of a reading's hour, or nil when it may advance an origin.
    ///
    /// - Parameter now: the hour that contains the database's present.
    public static func judge(hour: UTCHour, now: UTCHour) -> Flag? {
        if hour < firstHour { return .before2000 }
        if hour > now.advanced(by: hoursAhead) { return .future }
        return nil
    }

    /// Makes every value that fails its check missing.
    ///
    /// A direction without a speed keeps its meaning; a direction that fails its check takes the hour's wind with it,
    /// because a speed that is left alone would read as calm or variable wind.
    ///
    /// - Parameters:
    ///   - present: for each of `checks`, whether the database holds a value; NULL is not NaN.
    ///   - report: called for each value that fails.
    public static func judge(
        _ measures: inout Measures, present: UInt8, report: (_ column: String, _ flag: Flag) -> Void
    ) {
        if passes(measures, present: present) { return }
        judgeEach(&measures, present: present, report: report)
    }

    /// The common case in one pass without keypaths: every present value is in range.
    static func passes(_ measures: Measures, present: UInt8) -> Bool {
        func fine(_ bit: UInt8, _ value: Float, _ range: ClosedRange<Float>) -> Bool {
            present & (1 << bit) == 0 || range.contains(value)
        }
        return fine(0, measures.pm25, checks[0].range) && fine(1, measures.dewPoint, checks[1].range)
            && fine(2, measures.temperature, checks[2].range) && fine(3, measures.pressure, checks[3].range)
            && fine(4, measures.windDirection, checks[4].range) && fine(5, measures.windSpeed, checks[5].range)
    }

    static func judgeEach(
        _ measures: inout Measures, present: UInt8, report: (_ column: String, _ flag: Flag) -> Void
    ) {
        for (index, check) in checks.enumerated() where present & (1 << UInt8(index)) != 0 {
            let value = measures[keyPath: check.measure]
            if check.range.contains(value) { continue }
            let isUnsigned = check.range.lowerBound == 0
            report(check.column, value.isFinite ? (isUnsigned && value < 0 ? .negative : .outOfRange) : .notFinite)
            measures[keyPath: check.measure] = .nan
        }
        if present & 0b1_0000 != 0, measures.windDirection.isNaN { measures.windSpeed = .nan }
    }
}
