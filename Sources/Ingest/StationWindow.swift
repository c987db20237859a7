public import Forecast

/// The most recent hourly readings of one station: the 24 steps of its window and the six hours before them that the
/// gap rule may look back to. Its newest hour has PM2.5, unless a rule of several hours took that away.
///
/// The window is a cache and the database is the truth. It only ever moves on by one hour; a gap, a late or a corrected
/// reading makes the owner load it anew, through the same hours in the same order as if each had just come.
public struct StationWindow: Sendable {
    /// Hours kept: `Window.length` and the longest that a value is carried forward.
    public static let hours = Window.length + GapRule.weatherHours

    /// The hour of the newest reading, which is the origin of the next forecast.
    public private(set) var newest: UTCHour
    /// Ring: the measures of an hour stand at `hour mod hours`.
    private var ring = InlineArray<30, Measures>(repeating: Measures())
    /// Whether the newest hour's PM2.5 is missing because it has been the same for too long.
    public private(set) var isStuck = false
    /// What the rules of quality control have to remember of the hours before.
    private var continuity = Continuity()

    /// A window whose newest reading is at `newest`, all of its measures still missing.
    public init(newest: UTCHour) {
        precondition(ring.count == StationWindow.hours)
        self.newest = newest
    }

    /// The measures of an hour that passed quality control.
    ///
    /// - Precondition: the hour is one of the `hours` that end at `newest`.
    public subscript(hour: UTCHour) -> Measures {
        get { ring[slot(hour)] }
        set(measures) { ring[slot(hour)] = measures }
    }

    /// Moves on by one hour and judges what it says of the hours before and they of it.
    ///
    /// - Parameters:
    ///   - measures: as they passed the checks of a single reading.
    ///   - report: called for each value that is missing from here on.
    public mutating func advance(
        _ measures: Measures, by rules: QualityRules,
        report: (_ hour: UTCHour, _ column: String, _ flag: QualityControl.Flag) -> Void = { _, _, _ in }
    ) {
        let before = newest
        newest = newest.advanced(by: 1)
        self[newest] = measures
        let verdict = continuity.next(measures, by: rules)
        isStuck = verdict.contains(.stuck)
        if verdict.isEmpty { return }
        if verdict.contains(.spikeBefore) {
            self[before].pm25 = .nan
            report(before, "pm25", .spike)
        }
        if verdict.contains(.stuck) {
            self[newest].pm25 = .nan
            report(newest, "pm25", .stuck)
        }
        if verdict.contains(.duplicate) {
            self[newest] = Measures()
            report(newest, "observed_at", .duplicate)
        }
    }

    /// Whether a reading of this hour changes anything that the gap rule or quality control looks at.
    public func depends(on hour: UTCHour, by rules: QualityRules) -> Bool {
        hour <= newest && hour.distance(to: newest) < StationWindow.hours + rules.lookBack
    }

    /// The measures of the last `count` hours, the oldest first.
    ///
    /// - Precondition: `count` is at most `hours`.
    func forEachNewest(_ count: Int, _ body: (_ back: Int, _ measures: Measures) -> Void) {
        precondition(count <= StationWindow.hours, "hours outside the window")
        var slot = slot(newest.advanced(by: 1 - count))
        for back in stride(from: count - 1, through: 0, by: -1) {
            body(back, ring[slot])
            slot = slot + 1 == StationWindow.hours ? 0 : slot + 1
        }
    }

    private func slot(_ hour: UTCHour) -> Int {
        precondition(hour <= newest && hour.distance(to: newest) < StationWindow.hours, "hour outside the window")
        return Int(hour.hoursSinceEpoch) % StationWindow.hours
    }
}
