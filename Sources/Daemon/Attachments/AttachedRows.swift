import Forecast
import Ingest
import Postgres

/// Rows of an attached table on their way to hours: decoded, judged, and added up. Made for one reading.
struct AttachedRows: Sendable {
    /// What cannot be used, and how often.
    struct Rejection: Hashable, Sendable {
        let station: String?
        let observed: String?
        let reason: String
        /// Whether the rows are counted anew whenever their hour is computed.
        var isRecount = true
    }

    private let family: AttachedTable.Family
    private let columns: [AttachedQuery.Column]
    private let ticks: Double
    private let now: Int64
    private let values: RowValues
    private var clock: StampClock
    private var reader = BinaryCopyReader()
    /// Hours in which rows changed, by station and for all of them, by the clock of the time column.
    private let changed: [String: [Range<Int64>]]
    private let changedEverywhere: [Range<Int64>]

    private var hours: HourlyMeans
    private(set) var rejections: [Rejection: Int64] = [:]
    private(set) var count = 0
    /// The hour of the oldest row, by the clock of the time column.
    private(set) var oldest = Int64.max

    init(
        _ query: AttachedQuery, _ changes: AttachedChanges, by clock: StampClock, at now: PostgresTimestamp
    ) throws(PostgresError) {
        let settings = query.table.settings
        self.clock = clock
        family = try query.table.family("observed_at")
        columns = query.columns
        ticks = Double(query.table.ticks)
        self.now = now.microsecondsSince2000 + Self.epoch
        values = RowValues(
            columns: columns.map(\.name), units: settings.units ?? [:], correction: settings.correction,
            missing: settings.missing ?? [], errorCodes: settings.errorCodes ?? [:], isRanged: settings.step < 3_600)
        hours = HourlyMeans(
            of: values, step: settings.step, isEnd: settings.stamps == "end", carry: settings.carry,
            hasSpeed: query.table.filled.contains("wind_speed"), now: self.now)
        changed = Dictionary(grouping: changes.spans.filter { $0.station != nil }, by: { $0.station ?? "" })
            .mapValues { $0.map(\.hours).sorted { $0.lowerBound < $1.lowerBound } }
        changedEverywhere = changes.spans.filter { $0.station == nil }.map(\.hours)
    }

    /// Microseconds from 1970 to 2000.
    private static let epoch: Int64 = 946_684_800_000_000

    /// Takes the rows of one message.
    mutating func take(_ message: UnsafeRawBufferPointer) {
        var reader = reader
        reader.read(message) { take(&$0) }
        self.reader = reader
    }

    private mutating func take(_ row: inout BinaryCopyReader.Row) {
        count += 1
        let name = row.text().map { String(decoding: $0, as: UTF8.self) }
        var time: StampClock.Raw?
        var shown: String?
        var place: Int64?
        switch family {
        case .instant, .local:
            let microseconds = row.int64()
            if microseconds == .max || microseconds == .min { shown = microseconds == .max ? "infinity" : "-infinity" }
            if let microseconds, shown == nil, microseconds < .max - Self.epoch {
                let since1970 = microseconds + Self.epoch
                time = family == .instant ? .instant(since1970) : .local(since1970)
                place = since1970.floored(by: 3_600_000_000)
            }
        case .number:
            if let number = row.double(), abs(number / ticks) < 1e10 {
                let since1970 = Int64((number / ticks * 1e6).rounded())
                time = .instant(since1970)
                place = since1970.floored(by: 3_600_000_000)
            }
        default:
            if let text = row.text() {
                time = .text(text)
                shown = String(decoding: text, as: UTF8.self)
            }
        }
        let raw = columns.map { column in
            if column.isNumber { return row.double().map { RowValues.Raw.number($0) } ?? .missing }
            return row.text().map { .text($0) } ?? .missing
        }
        guard let name, Self.fault(ofStation: name) == nil else {
            reject(name, shown, Self.fault(ofStation: name) ?? "", at: place)
            return
        }
        guard let time else {
            reject(name, shown, shown == nil ? "observed_at is no time" : "observed_at is infinite", at: place)
            return
        }
        let instant: Int64
        do throws(StampClock.Fault) {
            instant = try clock.instant(time)
        } catch {
            reject(name, shown ?? Self.shown(time), error.reason, at: place)
            return
        }
        let hour = place ?? instant.floored(by: 3_600_000_000)
        oldest = min(oldest, hour)
        if let reason = StampClock.fault(instant, now: now) {
            reject(name, shown ?? Self.shown(time), reason, at: hour)
            return
        }
        var faults: [String] = []
        let columns = values.columns(raw, &faults)
        let isTouching = isChanged(name, hour)
        if isTouching, !faults.isEmpty {
            reject(name, Self.shown(.instant(instant)), faults.joined(separator: "; "), at: nil)
        }
        hours.add(station: name, instant: instant, columns: columns, isTouching: isTouching)
    }

    /// Every hour that the rows overlap, once all of them are there.
    mutating func finish() -> [(station: String, hour: Int32, value: HourlyMeans.Hour)] {
        let computed = hours.finish()
        for fault in hours.faults { reject(fault.station, Self.shown(.instant(fault.stamp)), fault.reason, at: nil) }
        return computed
    }

    private mutating func reject(_ station: String?, _ observed: String?, _ reason: String, at hour: Int64?) {
        // Of rows that lie between the changed ones nothing is said twice.
        if let hour, !isChanged(station ?? "", hour) { return }
        rejections[Rejection(station: station, observed: observed, reason: reason), default: 0] += 1
    }

    private func isChanged(_ station: String, _ hour: Int64) -> Bool {
        changedEverywhere.contains { $0.contains(hour) } || changed[station]?.contains { $0.contains(hour) } == true
    }

    /// The changes that name no hour: those of text columns are given one, the others rejected.
    ///
    /// - Returns: spans of those that have an hour, and what is wrong with the others.
    static func place(
        _ changes: [AttachedChanges.Unplaced], in table: AttachedTable, by clock: StampClock,
        at now: PostgresTimestamp
    ) throws(PostgresError) -> (spans: [AttachedChanges.Span], rejections: [Rejection: Int64]) {
        var clock = clock
        let isText = try table.family("observed_at") == .text
        var spans: [AttachedChanges.Span] = []
        var rejections: [Rejection: Int64] = [:]
        for change in changes {
            var reason = Self.fault(ofStation: change.station)
            if reason == nil {
                do throws(StampClock.Fault) {
                    let instant = try Self.instant(of: change.observed, isText: isText, &clock)
                    reason = StampClock.fault(instant, now: now.microsecondsSince2000 + epoch)
                    let hour = instant.floored(by: 3_600_000_000)
                    if reason == nil {
                        spans.append(
                            AttachedChanges.Span(
                                change: change.change, station: change.station, hours: hour..<hour + 1,
                                isRemoval: change.isRemoval))
                    }
                } catch {
                    reason = error.reason
                }
            }
            if let reason, !change.isRemoval {
                let rejection = Rejection(
                    station: change.station, observed: change.observed, reason: reason, isRecount: false)
                rejections[rejection, default: 0] += change.rows
            }
        }
        return (spans, rejections)
    }

    /// Times that are no text have an hour, unless they are none.
    private static func instant(
        of observed: String?, isText: Bool, _ clock: inout StampClock
    ) throws(StampClock.Fault) -> Int64 {
        guard let observed else { throw StampClock.Fault("observed_at is NULL") }
        let text = observed.lowercased()
        if !isText {
            if text.contains("infinity") { throw StampClock.Fault("observed_at is infinite") }
            if text.hasSuffix(" bc") { throw StampClock.Fault("observed_at is before 1970") }
            if observed.prefix(while: \.isNumber).count > 4 || Double(observed).map({ $0 > 0 }) == true {
                throw StampClock.Fault("observed_at is more than a day in the future")
            }
            if Double(observed) != nil { throw StampClock.Fault("observed_at is before 1970") }
        }
        let result = Array(observed.utf8).withUnsafeBytes { bytes in
            Result { () throws(StampClock.Fault) in try clock.instant(.text(bytes)) }
        }
        return try result.get()
    }

    private static func fault(ofStation name: String?) -> String? {
        guard let name else { return "the station is NULL" }
        if name.utf8.count <= 200, name.utf8.first.map({ $0 != UInt8(ascii: " ") }) == true { return nil }
        if name.allSatisfy({ $0 == " " }) { return "the station is blank" }
        return name.unicodeScalars.count > 200 ? "the station's name is longer than 200 characters" : nil
    }

    /// As PostgreSQL writes it.
    private static func shown(_ time: StampClock.Raw) -> String {
        switch time {
        case .text(let bytes): String(decoding: bytes, as: UTF8.self)
        case .instant(let microseconds): text(microseconds) + "+00"
        case .local(let microseconds): text(microseconds)
        }
    }

    private static func text(_ microseconds: Int64) -> String {
        let hour = UTCHour(containing: microseconds.floored(by: 1_000_000))
        let second = microseconds.floored(by: 1_000_000) - hour.secondsSinceEpoch
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = hour.description.prefix(10)
        return "\(day) \(two(Int64(hour.hourOfDay))):\(two(second / 60)):\(two(second % 60))"
    }
}
