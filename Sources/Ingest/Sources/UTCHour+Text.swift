public import Forecast

extension UTCHour {
    /// The hour that a stamp such as `2014-12-31T15:00Z` begins, UTC where it has no offset; nil where there is no such
    /// hour.
    public init?(_ text: String) {
        let stamp = Array(text.utf8).withUnsafeBytes { StampFormat.iso.stamp($0) }
        guard let stamp, text.contains(":") || text.contains("T") else { return nil }
        let instant = stamp.instant ?? stamp.local
        guard instant % 3_600_000_000 == 0 else { return nil }
        self.init(containing: instant / 1_000_000)
    }
}
