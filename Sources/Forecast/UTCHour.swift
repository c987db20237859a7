/// The beginning of one UTC hour.
///
/// Everything in Hazecast happens at whole hours, so time is an integer and 23:00 to 01:00 is never a rounding question.
public struct UTCHour: Hashable, Sendable {
    /// Hours since 1970-01-01T00:00Z; negative before.
    public let hoursSinceEpoch: Int32

    /// The hour that begins `hoursSinceEpoch` hours after 1970-01-01T00:00Z.
    public init(hoursSinceEpoch: Int32) {
        self.hoursSinceEpoch = hoursSinceEpoch
    }

    /// The hour that contains an instant.
    ///
    /// - Parameter secondsSinceEpoch: seconds since 1970-01-01T00:00Z; traps beyond ±245,000 years.
    public init(containing secondsSinceEpoch: Int64) {
        let (quotient, remainder) = secondsSinceEpoch.quotientAndRemainder(dividingBy: 3600)
        self.init(hoursSinceEpoch: Int32(quotient) - (remainder < 0 ? 1 : 0))
    }

    /// Seconds since 1970-01-01T00:00Z.
    public var secondsSinceEpoch: Int64 { Int64(hoursSinceEpoch) * 3600 }

    /// Hour of the day in UTC, 0…23.
    public var hourOfDay: Int { Int((hoursSinceEpoch % 24 + 24) % 24) }
}

extension UTCHour: Strideable {
    /// Hours from this hour to another.
    public func distance(to other: UTCHour) -> Int { Int(other.hoursSinceEpoch) - Int(hoursSinceEpoch) }
    /// The hour that many hours later.
    public func advanced(by hours: Int) -> UTCHour { UTCHour(hoursSinceEpoch: hoursSinceEpoch + Int32(hours)) }
}

extension UTCHour: CustomStringConvertible {
    /// ISO 8601 to the minute: `2014-12-31T15:00Z`.
    public var description: String {
        let (year, month, day) = Self.civil(daysSinceEpoch: Int((Double(hoursSinceEpoch) / 24).rounded(.down)))
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(hourOfDay, 2)):00Z"
    }

    /// The hour of a proleptic Gregorian date, or nil where there is no such date.
    public init?(year: Int, month: Int, day: Int, hour: Int) {
        guard (1...12).contains(month), (0...23).contains(hour), (1...9999).contains(year) else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        guard day >= 1, Self.civil(daysSinceEpoch: days) == (year, month, day) else { return nil }
        self.init(hoursSinceEpoch: Int32(days * 24 + hour))
    }

    /// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let days = daysSinceEpoch + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
