public import Forecast
public import Postgres

/// What is wrong with a reading, for `hazecast.reading_flag`.
public struct ReadingFlag: Hashable, Sendable {
    /// `hazecast.station.id`.
    public var station: Int32
    /// The reading's `observed_at`, which may be beyond what `UTCHour` holds.
    public var observedAt: PostgresTimestamp
    /// A measure's column, or `observed_at`.
    public var measure: String
    /// What is wrong.
    public var flag: QualityControl.Flag

    /// A flag of one value.
    public init(station: Int32, observedAt: PostgresTimestamp, measure: String, flag: QualityControl.Flag) {
        self.station = station
        self.observedAt = observedAt
        self.measure = measure
        self.flag = flag
    }
}

/// The checks that a single reading passes before it may enter a window; `Continuity` has those of several hours.
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
        /// A PM2.5 that the instrument reports instead of a measurement.
        case errorCode = "error_code"
        /// Observed more than an hour after now; looked at again when due.
        case future
        /// Observed before 2000-01-01T00:00Z.
        case before2000 = "before_2000"
        /// PM2.5 that has been the same for too long.
        case stuck
        /// PM2.5 that stands out from the hours before and after.
        case spike
        /// A whole reading that repeats those before it.
        case duplicate
        /// A reading that was received too long before its own hour: the station's clock is wrong.
        case clockJump = "clock_jump"
    }

    /// The six measures in column order.
    static let columns = ["pm25", "dew_point", "temperature", "pressure", "wind_direction", "wind_speed"]

    private static let measures: [any WritableKeyPath<Measures, Float> & Sendable] = [
        \.pm25, \.dewPoint, \.temperature, \.pressure, \.windDirection, \.windSpeed,
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

    /// Makes every value that fails its check missing, and all of them where the station's clock was wrong.
    ///
    /// A direction without a speed keeps its meaning; a direction that fails its check takes the hour's wind with it,
    /// because a speed that is left alone would read as calm or variable wind.
    ///
    /// - Parameter report: called for each value that fails.
    public static func judge(
        _ reading: inout Feed.Reading, by rules: QualityRules, report: (_ column: String, _ flag: Flag) -> Void
    ) {
        judge(&reading.measures, present: reading.present, of: reading.station, by: rules, report: report)
        if let hours = rules.clockJump {
            let earliest = reading.observedAt.microsecondsSince2000 - Int64(hours) * 3_600_000_000
            if reading.receivedAt.microsecondsSince2000 < earliest {
                report("observed_at", .clockJump)
                reading.measures = Measures()
            }
        }
    }

    /// - Parameter present: for each of `columns`, whether the database holds a value; NULL is not NaN.
    static func judge(
        _ measures: inout Measures, present: UInt8, of station: Int32? = nil, by rules: QualityRules,
        report: (_ column: String, _ flag: Flag) -> Void
    ) {
        if passes(measures, present: present, of: station, by: rules) { return }
        judgeEach(&measures, present: present, of: station, by: rules, report: report)
    }

    /// The common case in one pass without keypaths: every present value is in range and PM2.5 no error code.
    static func passes(
        _ measures: Measures, present: UInt8, of station: Int32? = nil, by rules: QualityRules
    ) -> Bool {
        func fine(_ place: Int, _ value: Float) -> Bool {
            present & (1 << UInt8(place)) == 0 || rules.ranges[place].contains(value)
        }
        return fine(0, measures.pm25) && fine(1, measures.dewPoint) && fine(2, measures.temperature)
            && fine(3, measures.pressure) && fine(4, measures.windDirection) && fine(5, measures.windSpeed)
            && !(present & 1 != 0 && rules.errorCodes.contain(measures.pm25, of: station))
    }

    private static func judgeEach(
        _ measures: inout Measures, present: UInt8, of station: Int32?, by rules: QualityRules,
        report: (_ column: String, _ flag: Flag) -> Void
    ) {
        for (place, measure) in Self.measures.enumerated() where present & (1 << UInt8(place)) != 0 {
            let value = measures[keyPath: measure]
            if rules.ranges[place].contains(value) {
                guard place == 0, rules.errorCodes.contain(value, of: station) else { continue }
                report(columns[place], .errorCode)
                measures[keyPath: measure] = .nan
                continue
            }
            let isNegative = value < 0 && (place == 0 || QualityRules.standard.ranges[place].lowerBound == 0)
            report(columns[place], value.isFinite ? (isNegative ? .negative : .outOfRange) : .notFinite)
            measures[keyPath: measure] = .nan
        }
        if present & 0b1_0000 != 0, measures.windDirection.isNaN { measures.windSpeed = .nan }
    }
}
