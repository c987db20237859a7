public import Forecast
public import Postgres

/// Loads what a `StationBook` remembers from the database: at start, on gaps, late and corrected readings, and on
/// anything that no trigger saw.
public enum WindowLoader {
    /// Stations loaded in one round; bounds memory and the length of one statement.
    public static let batch = 512

    /// The newest hours of each station: those of its window and what quality control looks back to.
    ///
    /// The inner LIMIT keeps the plan at one index probe a station; `$3` lets the planner skip all partitions but the
    /// youngest for stations that are up to date.
    private static let newestHours = """
        SELECT r.*, w.place FROM unnest($1::int4[]) WITH ORDINALITY AS w (id, place)
        CROSS JOIN LATERAL (
            SELECT observed_at FROM hazecast.reading
            WHERE station_id = w.id AND observed_at BETWEEN $3 AND $2 AND pm25 IS NOT NULL
            ORDER BY observed_at DESC LIMIT 1) AS newest
        CROSS JOIN LATERAL (
            SELECT \(Feed.columns)
            FROM hazecast.reading
            WHERE station_id = w.id
                AND observed_at BETWEEN newest.observed_at - make_interval(hours => $4) AND newest.observed_at
            LIMIT $4 + 1) AS r
        """

    private static let ledgerState = """
        SELECT w.id, latest.revision, latest.digest, newest.origin, latest.settled_day - '1970-01-01'::date
        FROM unnest($1::int4[], $2::timestamptz[]) AS w (id, origin)
        LEFT JOIN LATERAL (
            SELECT revision, digest, settled_day FROM hazecast.forecast_ledger
            WHERE station_id = w.id AND origin = w.origin ORDER BY revision DESC LIMIT 1) AS latest ON true
        LEFT JOIN LATERAL (
            SELECT origin FROM hazecast.forecast_ledger
            WHERE station_id = w.id AND origin > w.origin ORDER BY origin DESC LIMIT 1) AS newest ON true
        """

    /// The ids of all stations, ascending.
    public static func stations(on connection: Connection) async throws(PostgresError) -> [Int32] {
        let rows = try await connection.query("SELECT id FROM hazecast.station ORDER BY id")
        return (0..<rows.count).map { rows.int32($0, 0) }
    }

    /// Notes which of some stations have a reading from the future, and the first hour of each, so that they are looked at
    /// again when it is due.
    public static func postponeFuture(
        of stations: [Int32], into book: inout StationBook, now: UTCHour, on connection: Connection
    ) async throws(PostgresError) {
        let rows = try await connection.query(
            """
            SELECT station_id, min(observed_at) FROM hazecast.reading
            WHERE observed_at > $1 AND station_id = ANY($2) GROUP BY station_id
            """, [now.advanced(by: QualityControl.hoursAhead).timestamp, stations], timeout: .seconds(300))
        for row in 0..<rows.count {
            book.postpone(rows.int32(row, 0), until: UTCHour(timestamp: rows.int64(row, 1)))
        }
    }

    /// Loads stations into the book; one without a usable reading is forgotten.
    ///
    /// - Returns: what is wrong with the readings of their windows, all of it.
    public static func load(
        _ stations: [Int32], into book: inout StationBook, now: UTCHour, on connection: Connection
    ) async throws(PostgresError) -> [ReadingFlag] {
        for station in stations { book.entries[station] = nil }
        var flags: [ReadingFlag] = []
        let recent = now.advanced(by: -2 * StationWindow.hours - book.rules.lookBack)
        var older = try await load(stations, into: &book, since: recent, now: now, flags: &flags, on: connection)
        if !older.isEmpty {
            older = try await load(
                older, into: &book, since: QualityControl.firstHour, now: now, flags: &flags, on: connection)
        }
        let none = Set(older)
        let found = none.isEmpty ? stations : stations.filter { !none.contains($0) }
        if found.isEmpty { return flags }
        let places = try await connection.query(
            "SELECT id, longitude FROM hazecast.station WHERE id = ANY($1)", [found])
        for row in places {
            let longitude = try row.decode(Double?.self, at: 1)
            book.update(try row.decode(Int32.self, at: 0)) { $0.longitude = longitude }
        }
        try await loadLedgerState(of: found, into: &book, on: connection)
        return flags
    }

    /// Loads the windows of stations that have a reading since some hour.
    ///
    /// - Returns: those that have none.
    private static func load(
        _ stations: [Int32], into book: inout StationBook, since first: UTCHour, now: UTCHour,
        flags: inout [ReadingFlag], on connection: Connection
    ) async throws(PostgresError) -> [Int32] {
        let rules = book.rules
        let last = now.advanced(by: QualityControl.hoursAhead)
        let span = StationWindow.hours + rules.lookBack
        let rows = try await connection.query(
            newestHours, [stations, last.timestamp, first.timestamp, Int32(span - 1)], timeout: .seconds(300))
        func place(_ row: Int) -> Int { Int(rows.int64(row, Feed.columnCount)) - 1 }
        var newest = [UTCHour?](repeating: nil, count: stations.count)
        for row in 0..<rows.count {
            let (place, hour) = (place(row), Feed.hour(rows, row))
            newest[place] = max(newest[place] ?? hour, hour)
        }
        var hours = [Measures](repeating: Measures(), count: stations.count * span)
        for row in 0..<rows.count {
            let place = place(row)
            var reading = Feed.reading(rows, row)
            let age = newest[place]?.distance(to: reading.hour).magnitude ?? 0
            let (station, observedAt) = (reading.station, reading.observedAt)
            QualityControl.judge(&reading, by: rules) { column, flag in
                if age < StationWindow.hours {
                    flags.append(ReadingFlag(station: station, observedAt: observedAt, measure: column, flag: flag))
                }
            }
            hours[(place + 1) * span - 1 - Int(age)] = reading.measures
        }
        for (place, station) in stations.enumerated() {
            guard let newest = newest[place] else { continue }
            let window = window(of: hours[place * span..<(place + 1) * span], until: newest, by: rules) {
                hour, column, flag in
                flags.append(ReadingFlag(station: station, observedAt: hour.timestamp, measure: column, flag: flag))
            }
            book.entries[station] = StationBook.Entry(window: window)
        }
        return stations.indices.filter { newest[$0] == nil }.map { stations[$0] }
    }

    /// The window that some hours make, the oldest first, each as if it had just come.
    ///
    /// - Parameter report: called for each value of the newest `StationWindow.hours` that is missing from here on.
    static func window(
        of hours: ArraySlice<Measures>, until newest: UTCHour, by rules: QualityRules,
        report: (_ hour: UTCHour, _ column: String, _ flag: QualityControl.Flag) -> Void
    ) -> StationWindow {
        var window = StationWindow(newest: newest.advanced(by: -hours.count))
        // A reading whose PM2.5 does not pass makes no origin; the one before it stays.
        var valid: StationWindow?
        var isOrigin = false
        for measures in hours {
            // Asked of the hour as it came: one that a rule of several hours flags is still the newest that has PM2.5.
            if measures.pm25.isNaN, isOrigin { valid = window }
            isOrigin = !measures.pm25.isNaN
            window.advance(measures, by: rules) { hour, column, flag in
                if hour.distance(to: newest) < StationWindow.hours { report(hour, column, flag) }
            }
        }
        if hours.last?.pm25.isNaN == true, let valid { return valid }
        return window
    }

    private static func loadLedgerState(
        of stations: [Int32], into book: inout StationBook, on connection: Connection
    ) async throws(PostgresError) {
        var origins: [PostgresTimestamp] = []
        origins.reserveCapacity(stations.count)
        for station in stations { book.update(station) { origins.append($0.window.newest.timestamp) } }
        let rows = try await connection.query(ledgerState, [stations, origins], timeout: .seconds(300))
        for row in 0..<rows.count {
            book.update(rows.int32(row, 0)) { entry in
                if !rows.isNull(row, 1) {
                    entry.issued = StationBook.Issue(
                        revision: rows.int32(row, 1), digest: rows.int64(row, 2),
                        settledDay: rows.isNull(row, 4) ? nil : rows.int32(row, 4))
                }
                if !rows.isNull(row, 3) { entry.newestOrigin = UTCHour(timestamp: rows.int64(row, 3)) }
            }
        }
        let outages = try await connection.query(
            "SELECT station_id, reason FROM hazecast.station_outage WHERE station_id = ANY($1)", [stations])
        for row in outages {
            let reason = try row.decode(String.self, at: 1)
            book.update(try row.decode(Int32.self, at: 0)) { $0.outage = GapRule.Outage(description: reason) }
        }
    }
}
