public import Forecast

/// The most recent hourly readings of one station: the 24 steps of its window and the six hours before them that the
/// gap rule may look back to.
///
/// The window is a cache and the database is the truth. It only ever moves on by one hour; a gap, a late or a corrected
/// reading makes the owner load it anew.
public struct StationWindow: Sendable {
    /// Hours kept: `Window.length` and the longest that a value is carried forward.
    public static let hours = Window.length + GapRule.weatherHours

    /// The hour of the newest reading, which is the origin of the next forecast.
    public private(set) var newest: UTCHour
    /// Ring: the measures of an hour stand at `hour mod hours`.
    private var ring = InlineArray<30, Measures>(repeating: Measures())

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
        set { ring[slot(hour)] = newValue }
    }

    /// Moves on by one hour.
    public mutating func advance(_ measures: Measures) {
        newest = newest.advanced(by: 1)
        self[newest] = measures
    }

    /// Whether a reading of this hour changes anything that the gap rule looks at.
    public func covers(_ hour: UTCHour) -> Bool {
        hour <= newest && hour.distance(to: newest) < StationWindow.hours
    }

    private func slot(_ hour: UTCHour) -> Int {
        precondition(covers(hour), "hour outside the window")
        return Int(hour.hoursSinceEpoch) % StationWindow.hours
    }
}
