import Forecast
import Ingest
import Postgres

/// Writes of one transaction to `hazecast.forecast_ledger` and the tables beside it.
struct Ledger {
    let connection: Connection
    /// The database's present when the transaction began; `issued_at` of everything in it.
    let now: PostgresTimestamp

    /// Whether rows have to go in by INSERT: PostgreSQL refuses COPY where row-level security is on for whoever copies.
    var refusesCopy: Bool {
        get async throws(PostgresError) {
            try await connection.query("SELECT row_security_active('hazecast.forecast_ledger'::regclass)").single()
                .decode(Bool.self, at: 0)
        }
    }

    private static let columns =
        "station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95, digest, basis, "
        + "settled_day"

    /// Forecasts that go in one statement each, with COMMIT, rather than through COPY, which takes two round trips more.
    static let few = 16

    /// Appends forecasts through binary COPY, one wide row each, while the next ones are still being made.
    func append(_ issuing: Issuing, times: TurnTimes) async throws {
        let pieces = Ahead(by: 4) {
            let began = ContinuousClock.now
            defer { times.add(.predict, since: began) }
            return issuing.next()
        }
        defer { pieces.end() }
        let (connection, now) = (connection, now)
        var writer: BinaryCopyWriter? = BinaryCopyWriter()
        try await connection.copyIn(
            "COPY hazecast.forecast_ledger (\(Self.columns)) FROM STDIN (FORMAT binary)", timeout: .seconds(300)
        ) {
            if writer == nil { return nil }
            guard let piece = pieces.next() else { return writer.take()?.finished() }
            let began = ContinuousClock.now
            defer { times.add(.encode, since: began) }
            writer?.append(piece, now: now)
            return writer?.takeBytes()
        }
    }

    /// Statements that append forecasts, one each, for a pipeline.
    func inserts(of piece: Issuing.Piece) -> [Statement] {
        piece.values.withUnsafeBufferPointer { values in
            (0..<piece.count).map { row in
                func array(_ number: Int) -> [Float]? {
                    if number > 0, !piece.hasBands[row] { return nil }
                    let first = row * ForecastRow.length + number * Forecast.leads
                    return Array(values[first..<first + Forecast.leads])
                }
                return Statement(
                    """
                    INSERT INTO hazecast.forecast_ledger (\(Self.columns))
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '1970-01-01'::date + $13::integer)
                    """,
                    [
                        piece.stations[row], piece.origins[row].timestamp, piece.issues[row].revision, now,
                        piece.models[row], array(0), array(1), array(2), array(3), array(4), piece.issues[row].digest,
                        piece.bases[row].rawValue, piece.issues[row].settledDay,
                    ])
            }
        }
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
            """, [writers], timeout: .seconds(300))
    }

    /// The same for a few readings.
    func clearingFlags(of readings: [Feed.Reading]) -> Statement {
        Statement(
            """
            DELETE FROM hazecast.reading_flag AS f USING unnest($1::int4[], $2::timestamptz[]) AS r (station_id, observed_at)
            WHERE f.station_id = r.station_id AND f.observed_at = r.observed_at
            """, [readings.map(\.station), readings.map(\.observedAt)])
    }

    /// Flags values that did not pass quality control.
    func flagging(_ flags: [ReadingFlag]) -> Statement {
        Statement(
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
        if !flags.isEmpty { try await connection.pipeline([flagging(flags)]) }
    }

    /// Drops the flag of readings that are no longer in the future.
    func unflaggingDue(now: UTCHour) -> Statement {
        Statement(
            "DELETE FROM hazecast.reading_flag WHERE flag = 'future' AND observed_at <= $1",
            [now.advanced(by: QualityControl.hoursAhead).timestamp])
    }
}

extension BinaryCopyWriter {
    /// Appends rows of the ledger.
    fileprivate mutating func append(_ piece: Issuing.Piece, now: PostgresTimestamp) {
        reserve(piece.count * 1_150)
        piece.values.withUnsafeBufferPointer { values in
            for row in 0..<piece.count {
                beginRow(fields: 13)
                append(piece.stations[row])
                append(piece.origins[row].timestamp)
                append(piece.issues[row].revision)
                append(now)
                append(piece.models[row])
                for number in 0..<5 {
                    if number > 0, !piece.hasBands[row] {
                        appendNull()
                        continue
                    }
                    let first = row * ForecastRow.length + number * Forecast.leads
                    append(UnsafeBufferPointer(rebasing: values[first..<first + Forecast.leads]))
                }
                append(piece.issues[row].digest)
                append(piece.bases[row].rawValue)
                // PostgreSQL counts days from 2000.
                if let day = piece.issues[row].settledDay { append(day - 10_957) } else { appendNull() }
            }
        }
    }
}
