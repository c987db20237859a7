import Forecast
import Ingest
import Postgres

/// Writes of one transaction to `hazecast.forecast_ledger` and the tables beside it.
struct Ledger {
    /// One forecast as it enters the ledger.
    struct Entry {
        let station: Int32
        let origin: UTCHour
        let issue: StationBook.Issue
        let model: Int32
        var forecast: Forecast
    }

    let connection: Connection
    /// The database's present when the transaction began; `issued_at` of everything in it.
    let now: PostgresTimestamp
    /// Whether rows have to go in by INSERT: PostgreSQL refuses COPY where row-level security is on for whoever copies.
    let refusesCopy: Bool

    /// A scalar expression: what `refusesCopy` has to be.
    static let refusesCopySQL = "row_security_active('hazecast.forecast_ledger'::regclass)"

    private static let columns =
        "station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95, digest"

    /// Appends forecasts of one model: one wide row each, through binary COPY where that is allowed.
    func append(_ entries: [Entry]) async throws(PostgresError) {
        if entries.isEmpty { return }
        if refusesCopy { return try await insert(entries) }
        var writer = BinaryCopyWriter(capacity: entries.count * 700)
        for entry in entries {
            writer.beginRow(fields: 11)
            writer.append(entry.station)
            writer.append(entry.origin.timestamp)
            writer.append(entry.issue.revision)
            writer.append(now)
            writer.append(entry.model)
            writer.append(entry.forecast.pm25)
            if let bands = entry.forecast.bands {
                writer.append(bands.lower80)
                writer.append(bands.upper80)
                writer.append(bands.lower95)
                writer.append(bands.upper95)
            } else {
                for _ in 0..<4 { writer.appendNull() }
            }
            writer.append(entry.issue.digest)
        }
        _ = try await connection.copyIn(
            """
            COPY hazecast.forecast_ledger (\(Self.columns)) FROM STDIN (FORMAT binary)
            """, writer.finished(), timeout: .seconds(300))
    }

    /// The arrays of all forecasts go one behind the other, and each row takes its 24 elements out.
    private func insert(_ entries: [Entry]) async throws(PostgresError) {
        func edges(_ edge: (Forecast.Bands) -> [Float]) -> [Float]? {
            entries.contains { $0.forecast.bands == nil } ? nil : entries.flatMap { $0.forecast.bands.map(edge) ?? [] }
        }
        _ = try await connection.query(
            """
            INSERT INTO hazecast.forecast_ledger (\(Self.columns))
            SELECT i.station_id, i.origin, i.revision, $6, i.model_id, $7[n * 24 - 23 : n * 24], $8[n * 24 - 23 : n * 24],
                $9[n * 24 - 23 : n * 24], $10[n * 24 - 23 : n * 24], $11[n * 24 - 23 : n * 24], i.digest
            FROM unnest($1::int4[], $2::timestamptz[], $3::int4[], $4::int4[], $5::int8[])
                WITH ORDINALITY AS i (station_id, origin, revision, model_id, digest, n)
            """,
            [
                entries.map(\.station), entries.map(\.origin.timestamp), entries.map(\.issue.revision),
                entries.map(\.model), entries.map(\.issue.digest), now, entries.flatMap(\.forecast.pm25),
                edges(\.lower80), edges(\.upper80), edges(\.lower95), edges(\.upper95),
            ], timeout: .seconds(300))
    }

    /// Records why stations have no forecast for their newest reading, and that others have one again.
    ///
    /// - Returns: the last of the outages.
    func record(
        outages: [(station: Int32, origin: UTCHour, reason: String)], ended: [Int32]
    ) async throws(PostgresError) -> Outage? {
        if !outages.isEmpty {
            _ = try await connection.query(
                """
                INSERT INTO hazecast.station_outage AS o (station_id, origin, reason, since)
                SELECT *, $4 FROM unnest($1::int4[], $2::timestamptz[], $3::text[])
                ON CONFLICT (station_id) DO UPDATE SET origin = excluded.origin, reason = excluded.reason
                """,
                [outages.map(\.station), outages.map(\.origin.timestamp), outages.map(\.reason), now])
        }
        if !ended.isEmpty {
            _ = try await connection.query("DELETE FROM hazecast.station_outage WHERE station_id = ANY($1)", [ended])
        }
        guard let last = outages.last else { return nil }
        let name = try await connection.query("SELECT name FROM hazecast.station WHERE id = $1", [last.station])
        return Outage(
            station: try name.first?.decode(String.self, at: 0) ?? "", origin: last.origin, reason: last.reason)
    }

    /// Drops the flags of readings that are about to be judged anew.
    ///
    /// The trigger that clears the flags of a corrected reading cannot see those that a transaction of ours, which read the
    /// value before, has yet to commit; the correction's own arrival comes by here.
    func clearFlags(of writers: [TransactionID]) async throws(PostgresError) {
        try await connection.query(
            """
            DELETE FROM hazecast.reading_flag AS f USING hazecast.reading AS r
            WHERE r.written_by = ANY($1) AND f.station_id = r.station_id AND f.observed_at = r.observed_at
                AND EXISTS (SELECT FROM hazecast.reading_flag)
            """, [writers], timeout: .seconds(300))
    }

    /// Flags values that did not pass quality control.
    func flag(_ flags: [ReadingFlag]) async throws(PostgresError) {
        if flags.isEmpty { return }
        _ = try await connection.query(
            """
            INSERT INTO hazecast.reading_flag (station_id, observed_at, measure, flag)
            SELECT * FROM unnest($1::int4[], $2::timestamptz[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING
            """,
            [flags.map(\.station), flags.map(\.observedAt), flags.map(\.measure), flags.map(\.flag.rawValue)])
    }

    /// Makes the flags of windows that were judged as a whole what they were found to be.
    func replaceFlags(
        of windows: [(id: Int32, newest: UTCHour)], by flags: [ReadingFlag]
    ) async throws(PostgresError) {
        try await connection.query(
            """
            DELETE FROM hazecast.reading_flag AS f
            USING unnest($1::int4[], $2::timestamptz[], $3::timestamptz[]) AS w (id, first, newest)
            WHERE EXISTS (SELECT FROM hazecast.reading_flag) AND f.station_id = w.id
                AND f.observed_at BETWEEN w.first AND w.newest AND f.flag NOT IN ('future', 'before_2000')
                AND (f.station_id, f.observed_at, f.measure, f.flag) NOT IN (
                    SELECT * FROM unnest($4::int4[], $5::timestamptz[], $6::text[], $7::text[])
                )
            """,
            [
                windows.map(\.id), windows.map { $0.newest.advanced(by: 1 - StationWindow.hours).timestamp },
                windows.map(\.newest.timestamp), flags.map(\.station), flags.map(\.observedAt), flags.map(\.measure),
                flags.map(\.flag.rawValue),
            ], timeout: .seconds(300))
        try await flag(flags)
    }

    /// Drops the flag of readings that are no longer in the future.
    func unflagDue(now: UTCHour) async throws(PostgresError) {
        _ = try await connection.query(
            "DELETE FROM hazecast.reading_flag WHERE flag = 'future' AND observed_at <= $1",
            [now.advanced(by: QualityControl.hoursAhead).timestamp])
    }
}
