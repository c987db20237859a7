public import Forecast

/// What the daemon remembers of every station between two transactions: its window and the last thing that the ledger
/// says of the window's origin.
///
/// It is changed before the transaction commits, so whoever owns it empties it when the transaction does not.
public struct StationBook: Sendable {
    /// One revision in the ledger.
    public struct Issue: Hashable, Sendable {
        /// 1 for the first forecast of an origin.
        public var revision: Int32
        /// `Window.digest` of what it was made from.
        public var digest: Int64

        /// A revision and the digest of its window.
        public init(revision: Int32, digest: Int64) {
            self.revision = revision
            self.digest = digest
        }
    }

    /// One station.
    public struct Entry: Sendable {
        /// Its newest readings.
        public var window: StationWindow
        /// The latest revision at the window's newest hour; nil when none was issued.
        public var issued: Issue?
        /// The newest origin in the ledger. It is ahead of the window after readings were deleted.
        public var newestOrigin: UTCHour?
        /// Degrees east, as it was when the window was loaded; nil where unknown. Gives the local solar time.
        public var longitude: Double?
        /// Why there was no forecast when the station was last considered, as `hazecast.station_outage` has it.
        public var outage: GapRule.Outage?

        /// A station as loaded from the database.
        public init(
            window: StationWindow, issued: Issue? = nil, newestOrigin: UTCHour? = nil, outage: GapRule.Outage? = nil
        ) {
            self.window = window
            self.issued = issued
            self.newestOrigin = newestOrigin
            self.outage = outage
        }
    }

    /// What has to be done for a station after one of its readings was taken.
    public enum Effect: Sendable, Equatable {
        /// The reading is outside everything that a window looks at.
        case nothing
        /// The window moved on by one hour.
        case advanced
        /// The window has to be loaded anew: a gap, a late or a corrected reading, or a station not seen before.
        case reload
    }

    /// Known stations by id.
    public var entries: [Int32: Entry] = [:]
    /// Stations with readings from a later hour than may be used yet, by the hour at which they may.
    public private(set) var due: [UTCHour: Set<Int32>] = [:]

    /// What every window in here was judged by.
    public let rules: QualityRules

    /// A book that knows nothing.
    public init(rules: QualityRules) { self.rules = rules }

    /// Takes one reading that passed the checks of a single reading.
    ///
    /// - Parameters:
    ///   - measures: missing where quality control said so.
    ///   - now: the hour that contains the database's present.
    ///   - report: called for each value that the window gave up because of this reading.
    public mutating func take(
        station: Int32, hour: UTCHour, measures: Measures, now: UTCHour,
        report: (_ hour: UTCHour, _ column: String, _ flag: QualityControl.Flag) -> Void = { _, _, _ in }
    ) -> Effect {
        switch QualityControl.judge(hour: hour, now: now) {
        case .future?:
            postpone(station, until: hour)
            return .nothing
        case .some:
            return .nothing
        case nil:
            break
        }
        guard let newest = entries[station]?.window.newest else { return .reload }
        if newest.distance(to: hour) == 1, entries[station]?.newestOrigin.map({ $0 < hour }) ?? true {
            entries[station]?.window.advance(measures, by: rules, report: report)
            entries[station]?.issued = nil
            return .advanced
        }
        guard hour > newest || entries[station]?.window.depends(on: hour, by: rules) == true else { return .nothing }
        entries[station] = nil
        return .reload
    }

    /// Remembers that a station has a reading from the future.
    public mutating func postpone(_ station: Int32, until hour: UTCHour) {
        due[hour.advanced(by: -QualityControl.hoursAhead), default: []].insert(station)
    }

    /// Whether a reading from the future may be used by now.
    public func hasDue(now: UTCHour) -> Bool { due.keys.contains { $0 <= now } }

    /// The stations whose readings from the future may be used by now.
    public mutating func takeDue(now: UTCHour) -> Set<Int32> {
        let hours = due.keys.filter { $0 <= now }
        return hours.reduce(into: []) { $0.formUnion(due.removeValue(forKey: $1) ?? []) }
    }
}
