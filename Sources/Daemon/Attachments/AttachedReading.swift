import Forecast
import Ingest
import Postgres

/// One look at an attached table: what is to be read, and what its rows say.
struct AttachedReading: Sendable {
    /// An hour as it is to be.
    struct Hour: Sendable {
        let station: String
        let hour: UTCHour
        /// The six measures in column order; NaN where missing.
        let means: [Float]
    }

    /// An hour that is waited for.
    struct Waiting: Sendable {
        let station: String
        let hour: UTCHour
        let until: PostgresTimestamp
        let isRemoval: Bool
    }

    let table: AttachedTable
    let now: PostgresTimestamp
    private(set) var changes: AttachedChanges
    private(set) var complete: [Hour] = []
    private(set) var waiting: [Waiting] = []
    /// Hours whose rows are gone.
    private(set) var withdrawn: [AttachedChanges.Due] = []
    private(set) var rejections: [AttachedRows.Rejection: Int64] = [:]
    private var clock = StampClock()

    /// Rows of one statement: more are read by the next.
    static let rowsAtOnce = 200_000
    /// Hours by which a clock can be off UTC.
    private static let shift: Int64 = 15
    /// Seconds of an hour that need not be covered: clocks are never quite right.
    private static let slack = 3.6
    /// Seconds of values for one hour from which on the rows stand for less than their step says.
    private static let most = 5_400.0

    /// Decides what to read: the newest of what waits.
    init(_ table: AttachedTable, _ all: AttachedChanges, at now: PostgresTimestamp) throws(PostgresError) {
        (self.table, self.now) = (table, now)
        guard let clock = StampClock(zone: table.settings.timeZone) else {
            throw PostgresError(
                .misuse, "\"\(table.settings.timeZone ?? "")\" is no time zone: give a name such as Europe/Berlin",
                operation: "attach")
        }
        self.clock = clock
        changes = all
        let placed = try AttachedRows.place(all.unplaced, in: table, by: clock, at: now)
        changes.spans += placed.spans
        rejections = placed.rejections
        changes.keepNewest(shift: Self.shift)
    }

    /// `hazecast.attachment_change.id` of what is done with, but for `changes.rest`.
    var done: [Int64] {
        let ids = changes.spans.compactMap(\.change) + changes.unplaced.map(\.change) + changes.truncations
        return Array(Set(ids + changes.rest.compactMap(\.change)))
    }

    /// Reads the rows, and decides what becomes of each hour.
    mutating func read(with reader: AttachedReader) async throws {
        guard let wanted = changes.hours(shift: Self.shift) else { return }
        let query = try AttachedQuery(table)
        // Rows of the hours that changed rows reach into.
        let around = 3 + reach
        let low = max(wanted.lowerBound - around, 0)
        // Hours of the year 2095.
        let high = max(min(wanted.upperBound + around, 1_100_000), low)
        var limit = Self.rowsAtOnce
        while true {
            let select = query.select(
                low * 3_600..<high * 3_600, isOpen: wanted.upperBound > 1_100_000, stations: changes.stations,
                limit: limit)
            var rows = try await reader.read(query, select, into: AttachedRows(query, changes, by: clock, at: now)) {
                $0.take($1)
            }
            guard rows.count >= limit else {
                decide(&rows, from: .min)
                return
            }
            let cut = rows.oldest + around + Self.shift
            if cut < min(wanted.upperBound, now.hour) {
                changes.cut(before: cut, shift: Self.shift)
                decide(&rows, from: cut)
                return
            }
            limit *= 4
        }
    }

    /// Hours that a value is carried.
    private var reach: Int64 { table.settings.carry.map { Int64($0 / 3_600) + 1 } ?? 0 }

    private struct Key: Hashable {
        let station: String
        let hour: Int32
    }

    /// - Parameter first: earlier hours lack rows that were not read.
    private mutating func decide(_ rows: inout AttachedRows, from first: Int64) {
        let all = rows.finish()
        rejections.merge(rows.rejections) { $0 + $1 }
        let due = Dictionary(
            changes.due.map { (Key(station: $0.station, hour: $0.hour.hoursSinceEpoch), $0.isRemoval) },
            uniquingKeysWith: { $0 || $1 })
        let removed = removed()
        var touched = removed.union(due.keys)
        var computed: [Key: HourlyMeans.Hour] = [:]
        for (station, hour, value) in all where Int64(hour) >= first {
            let key = Key(station: station, hour: hour)
            computed[key] = value
            if value.isTouched { touched.insert(key) }
        }
        for key in touched where Int64(key.hour) >= first {
            decide(
                key, computed[key] ?? HourlyMeans.Hour(), isDue: due[key] != nil,
                isRemoval: removed.contains(key) || due[key] == true)
        }
        complete.sort { ($0.hour.hoursSinceEpoch, $0.station) < ($1.hour.hoursSinceEpoch, $1.station) }
    }

    private mutating func decide(_ key: Key, _ value: HourlyMeans.Hour, isDue: Bool, isRemoval: Bool) {
        let hour = UTCHour(hoursSinceEpoch: key.hour)
        let patience = Int64(table.settings.patience * 1e6)
        let over = hour.advanced(by: 1).timestamp.microsecondsSince2000
        // Of a history no more rows come, but of an hour that is written now.
        let isOld =
            over + patience <= now.microsecondsSince2000
            && changes.spans.contains { $0.isHistory && $0.hours.contains(Int64(key.hour)) }
        let isOver = over <= now.microsecondsSince2000
        // What is due for the first time may have been looked for because its hour is over now.
        let isFinal = isOver && (isOld || isDue && (isRemoval || over + patience <= now.microsecondsSince2000))
        if isOver, value.measured >= Self.most {
            // What was taken before more rows told was wrong, too.
            withdrawn.append(AttachedChanges.Due(station: key.station, hour: hour, isRemoval: true))
            let percent = Int((value.measured / 36).rounded())
            reject(
                key.station, hour,
                "rows of \(percent) % of the hour: attach the table again, with step => the time between its rows")
        } else if isOver && value.covered >= 3_600 - Self.slack || isFinal && value.covered >= 2_700 - Self.slack {
            complete.append(Hour(station: key.station, hour: hour, means: value.means))
            let shortages = value.shortages(AttachedQuery.measures, of: table.filled)
            if !shortages.isEmpty { reject(key.station, hour, shortages.joined(separator: "; ")) }
        } else if !isFinal {
            guard value.covered > 0 || isRemoval || table.settings.carry != nil else { return }
            let until = isOver ? now.microsecondsSince2000 + patience : over
            waiting.append(
                Waiting(
                    station: key.station, hour: hour, until: PostgresTimestamp(microsecondsSince2000: until),
                    isRemoval: isRemoval))
        } else {
            if isRemoval {
                withdrawn.append(AttachedChanges.Due(station: key.station, hour: hour, isRemoval: true))
            }
            if value.covered > 0 {
                let percent = Int((value.covered / 36).rounded())
                reject(key.station, hour, "rows of \(percent) % of the hour: it takes 75 %")
            }
        }
    }

    /// Rows that are gone say no more which hours they stood for: theirs, and the one before where stamps are ends.
    private mutating func removed() -> Set<Key> {
        var keys: Set<Key> = []
        // Older readings are history, which outlives the table that it came from.
        let recent = now.hour - 48
        for span in changes.spans where span.isRemoval {
            for local in max(span.hours.lowerBound, recent - Self.shift)..<max(span.hours.upperBound, recent) {
                guard let hours = utcHours(local) else { continue }
                for hour in hours where hour > recent {
                    keys.insert(Key(station: span.station ?? "", hour: Int32(clamping: hour)))
                }
            }
        }
        return keys
    }

    private mutating func utcHours(_ local: Int64) -> ClosedRange<Int64>? {
        var low = local
        var high = local
        if (table.families["observed_at"] ?? nil) == .local {
            guard let first = try? clock.instant(.local(local * 3_600_000_000)),
                let last = try? clock.instant(.local((local * 3_600 + 3_599) * 1_000_000)), first <= last
            else { return nil }
            (low, high) = (first.floored(by: 3_600_000_000), last.floored(by: 3_600_000_000))
        }
        return low - (table.settings.stamps == "end" ? 1 : 0)...high + reach
    }

    private mutating func reject(_ station: String, _ hour: UTCHour, _ reason: String) {
        let observed = "\(hour.description.prefix(10)) \(hour.hourOfDay < 10 ? "0" : "")\(hour.hourOfDay):00:00+00"
        rejections[AttachedRows.Rejection(station: station, observed: observed, reason: reason), default: 0] += 1
    }
}

extension PostgresTimestamp {
    /// Hours since 1970.
    var hour: Int64 { (secondsSinceEpoch ?? 0).floored(by: 3_600) }
}
