public import Forecast

extension UTCHour {
    /// The hour that a stamp such as `2014-12-31T15:00Z` begins, UTC where it has no offset; nil where there is no such
    /// hour.
    public init?(_ text: String) {
        var hours = HourReader(clock: .utc)
        guard let stamp = try? LocalStamp(Array(text.utf8)[...], ""), let hour = try? hours.hour(stamp, station: "")
        else { return nil }
        self = hour
    }
}
