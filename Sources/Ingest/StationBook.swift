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
        /// The settled UTC day that it rests on, in days since 1970-01-01; nil where it rests on none.
        public var settledDay: Int32?

        /// A revision, the digest of its window and the settled day.
        public init(revision: Int32, digest: Int64, settledDay: Int32?) {
            self.revision = revision
            self.digest = digest
            self.settledDay = settledDay
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
        /// Why there was no forecast, or none by its model, when the station was last considered, as `hazecast.station_outage` has it.
        public var outage: GapRule.Outage?
        /// Whether the window has moved on since `takeAdvanced`.
        fileprivate var isAdvanced = false

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
    public var entries = StationTable()
    /// Those whose window has moved on.
    private var advanced: [Int32] = []
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
        guard let place = entries.place(of: station) else { return .reload }
        let rules = rules
        // Without PM2.5 a later hour is no origin; its weather is read with the next one.
        if measures.pm25.isNaN, hour > entries[station]?.window.newest ?? hour { return .nothing }
        let (effect, isNew) = entries.update(at: place) { entry -> (Effect, Bool) in
            let newest = entry.window.newest
            if newest.distance(to: hour) == 1, entry.newestOrigin.map({ $0 < hour }) ?? true {
                entry.window.advance(measures, by: rules, report: report)
                entry.issued = nil
                defer { entry.isAdvanced = true }
                return (.advanced, !entry.isAdvanced)
            }
            return (hour > newest || entry.window.depends(on: hour, by: rules) ? .reload : .nothing, false)
        }
        if isNew { advanced.append(station) }
        if effect == .reload { entries[station] = nil }
        return effect
    }

    /// The stations whose window has moved on since the last call and is still there, ascending.
    public mutating func takeAdvanced() -> [Int32] {
        var stations: [Int32] = []
        stations.reserveCapacity(advanced.count)
        for station in advanced {
            // One that was loaded anew in between has no mark.
            guard let place = entries.place(of: station) else { continue }
            let isAdvanced = entries.update(at: place) { entry in
                defer { entry.isAdvanced = false }
                return entry.isAdvanced
            }
            if isAdvanced { stations.append(station) }
        }
        advanced = []
        stations.sort()
        return stations
    }

    /// Works on what is known of a station, where it is; does nothing where nothing is known.
    mutating func update(_ station: Int32, _ body: (inout Entry) -> Void) {
        if let place = entries.place(of: station) { entries.update(at: place, body) }
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
