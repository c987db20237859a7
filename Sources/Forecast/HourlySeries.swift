/// One station's readings with an entry for every hour from `start` on, oldest first; a missing measure is NaN.
///
/// Training and both backtests read this. Nothing in it is filled: each protocol fills gaps by its own rule.
public struct HourlySeries: Sendable {
    /// The hour of the first entry.
    public let start: UTCHour
    /// One entry an hour, the first at `start`.
    public var measures: [Measures]
    /// Of the station in degrees east; nil where it is not known.
    public var longitude: Double?
    /// Of the station in degrees north; nil where it is not known.
    public var latitude: Double?

    /// A series whose entries are already dense.
    public init(start: UTCHour, measures: [Measures]) {
        self.start = start
        self.measures = measures
    }

    /// A dense series from rows in any order, hours without a row missing; of repeated hours the last row counts.
    ///
    /// nil where there is no row. Memory is 24 bytes for every hour between the first and the last.
    public init?(rows: some Sequence<(hour: UTCHour, measures: Measures)>) {
        let rows = Array(rows)
        guard let first = rows.map(\.hour).min(), let last = rows.map(\.hour).max() else { return nil }
        self.init(start: first, measures: Array(repeating: Measures(), count: first.distance(to: last) + 1))
        for row in rows {
            measures[first.distance(to: row.hour)] = row.measures
        }
    }

    /// The hours that have an entry.
    public var hours: Range<UTCHour> { start..<start.advanced(by: measures.count) }

    /// A run of the series' entries.
    func part(_ entries: some RangeExpression<Int>) -> HourlySeries {
        let entries = entries.relative(to: measures)
        var part = HourlySeries(start: start.advanced(by: entries.lowerBound), measures: Array(measures[entries]))
        part.longitude = longitude
        part.latitude = latitude
        return part
    }

    /// What was read at an hour; all missing outside of `hours`.
    public subscript(hour: UTCHour) -> Measures {
        hours.contains(hour) ? measures[start.distance(to: hour)] : Measures()
    }
}
