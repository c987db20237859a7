import Forecast
import Ingest
import Postgres

/// What is to be looked at in an attached table.
struct AttachedChanges {
    /// Hours in which rows changed, by the clock of the time column.
    struct Span {
        /// `hazecast.attachment_change.id`; nil for a poll.
        var change: Int64?
        /// As text; nil for every station.
        var station: String?
        /// Hours since 1970 by the clock of the time column.
        var hours: Range<Int64>
        var isRemoval = false
        /// Old rows, of which none is to be waited for.
        var isHistory = false
    }

    /// An hour that was waited for.
    struct Due {
        let station: String
        let hour: UTCHour
        let isRemoval: Bool
    }

    /// A row that names no hour.
    struct Unplaced {
        let change: Int64
        let station: String?
        let observed: String?
        let rows: Int64
        let isRemoval: Bool
    }

    var spans: [Span] = []
    var due: [Due] = []
    var unplaced: [Unplaced] = []
    /// Changes that say that the table was emptied.
    var truncations: [Int64] = []
    /// Spans of changes that are read in part.
    var rest: [Span] = []

    /// Changes that are taken at once, the newest: a history must not keep the present waiting.
    private static let atOnce = 20_000
    /// Hours between spans that one statement reads together: what lies between is read in vain.
    private static let gap: Int64 = 168

    /// What waits for a table.
    static func load(
        for table: AttachedTable, at now: PostgresTimestamp, on connection: Connection
    ) async throws(PostgresError) -> AttachedChanges {
        var changes = AttachedChanges()
        let noted = try await connection.query(
            """
            SELECT id, kind, station, lower(span), coalesce(upper(span), 2147483647), observed, rows
            FROM (
                SELECT * FROM hazecast.attachment_change WHERE attachment = $1 ORDER BY id DESC LIMIT \(atOnce)
            ) AS newest
            LEFT JOIN LATERAL unnest(hours) AS span ON true
            """, [table.id], timeout: .seconds(60))
        for row in noted {
            let id = try row.decode(Int64.self, at: 0)
            let kind = try row.decode(String.self, at: 1)
            let station = try row.decode(String?.self, at: 2)
            if kind == "truncate" {
                changes.truncations.append(id)
            } else if let low = try row.decode(Int64?.self, at: 3) {
                changes.spans.append(
                    Span(
                        change: id, station: kind == "history" ? nil : station,
                        hours: low..<(try row.decode(Int64.self, at: 4)), isRemoval: kind == "removal",
                        isHistory: kind == "history"))
            } else {
                changes.unplaced.append(
                    Unplaced(
                        change: id, station: station, observed: try row.decode(String?.self, at: 5),
                        rows: try row.decode(Int64.self, at: 6), isRemoval: kind == "removal"))
            }
        }
        let waited = try await connection.query(
            """
            SELECT station, hour, removed FROM hazecast.attachment_hour WHERE attachment = $1 AND look_at <= $2
            ORDER BY look_at DESC LIMIT \(atOnce)
            """, [table.id, now])
        for row in waited {
            let hour = UTCHour(timestamp: try row.decode(PostgresTimestamp.self, at: 1).microsecondsSince2000)
            changes.due.append(
                Due(
                    station: try row.decode(String.self, at: 0), hour: hour,
                    isRemoval: try row.decode(Bool.self, at: 2)))
        }
        if let since = table.polledSince, let seconds = since.secondsSinceEpoch {
            changes.spans.append(Span(hours: (seconds / 3600)..<2_147_483_647))
        }
        return changes
    }

    /// The newest spans that lie close together, which one statement reads; the others stay where they are.
    ///
    /// - Parameter shift: hours from UTC to the clock of the time column, at most, for the hours that were waited for.
    mutating func keepNewest(shift: Int64) {
        func place(_ due: Due) -> Range<Int64> {
            let hour = Int64(due.hour.hoursSinceEpoch)
            return hour - shift..<hour + 1 + shift
        }
        let ranges = (spans.map(\.hours) + due.map(place)).sorted { $0.upperBound > $1.upperBound }
        guard var low = ranges.first?.lowerBound else { return }
        for range in ranges where range.upperBound >= low - Self.gap { low = min(low, range.lowerBound) }
        let others = spans.filter { $0.hours.lowerBound < low }
        spans.removeAll { $0.hours.lowerBound < low }
        due.removeAll { place($0).lowerBound < low }
        let taken = Set(spans.compactMap(\.change) + unplaced.map(\.change))
        rest = others.filter { $0.change.map(taken.contains) == true }
    }

    /// Leaves what lies before an hour for another time: older rows than that were not read.
    mutating func cut(before hour: Int64, shift: Int64) {
        for span in spans where span.change != nil && span.hours.lowerBound < hour {
            var old = span
            old.hours = span.hours.lowerBound..<min(span.hours.upperBound, hour)
            rest.append(old)
        }
        spans.removeAll { $0.hours.upperBound <= hour }
        due.removeAll { Int64($0.hour.hoursSinceEpoch) - shift < hour }
    }

    /// The hours that are to be read; nil when there are none.
    func hours(shift: Int64) -> Range<Int64>? {
        let lows = spans.map(\.hours.lowerBound) + due.map { Int64($0.hour.hoursSinceEpoch) - shift }
        let highs = spans.map(\.hours.upperBound) + due.map { Int64($0.hour.hoursSinceEpoch) + 1 + shift }
        guard let low = lows.min(), let high = highs.max() else { return nil }
        return low..<high
    }

    /// The stations that are to be read; nil for all.
    var stations: Set<String>? {
        var names = Set(due.map(\.station))
        for span in spans {
            guard let station = span.station else { return nil }
            names.insert(station)
        }
        return names
    }
}
