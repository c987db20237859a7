import Forecast
import Foundation
import Ingest
import Postgres

/// Takes what was read of an attached table into `hazecast.reading`, and what is left to do into the queues.
struct AttachedSettling {
    let connection: Connection
    /// Runs statements in a transaction.
    let transaction: (_ body: () async throws -> Void) async throws -> Void

    /// Readings of one transaction: the turns take them in as they come.
    private static let readingsAtOnce = 2_000

    /// What waits for a table, as far as one look takes it.
    func plan(_ table: AttachedTable, at now: PostgresTimestamp) async throws(PostgresError) -> AttachedReading {
        if let refusal = table.refusal { throw PostgresError(.misuse, refusal, operation: "attach") }
        return try AttachedReading(
            table, try await AttachedChanges.load(for: table, at: now, on: connection), at: now)
    }

    /// Writes what came of it. A crash on the way leaves the rest to be done again, with the same result.
    func apply(_ reading: AttachedReading) async throws {
        var rejections = reading.rejections
        var start = 0
        while start < reading.complete.count {
            let end = min(start + Self.readingsAtOnce, reading.complete.count)
            try await take(reading.complete[start..<end], of: reading.table, &rejections)
            start = end
        }
        try await transaction {
            let table = reading.table
            try await connection.query(
                "SELECT hazecast.withdraw_attached($1, $2, $3)",
                [table.id, reading.withdrawn.map(\.station), reading.withdrawn.map(\.hour.timestamp)])
            try await note(reading)
            try await reject(rejections, of: table)
            try await connection.query(
                """
                UPDATE hazecast.attachment SET polled_at = CASE WHEN $2 THEN $3 ELSE polled_at END, error = NULL,
                    failures = 0, retry_at = '-infinity'
                WHERE id = $1 AND (error IS NOT NULL OR $2)
                """, [table.id, table.polledSince != nil, reading.now])
        }
    }

    /// Notes why a table cannot be read, and when to try again: at last once an hour.
    ///
    /// - Returns: whether that is news.
    func fail(_ table: AttachedTable, with message: String, at now: PostgresTimestamp) async throws -> Bool {
        var isNews = false
        try await transaction {
            isNews =
                try await connection.query(
                    """
                    UPDATE hazecast.attachment AS a SET error = $2, failures = a.failures + 1,
                        retry_at = $3::timestamptz + least(interval '1 second' * 2 ^ least(a.failures, 12), '1 hour')
                    FROM hazecast.attachment AS b WHERE a.id = $1 AND b.id = a.id
                    RETURNING b.error IS DISTINCT FROM a.error
                    """, [table.id, message, now]
                ).first?.decode(Bool.self, at: 0) ?? false
        }
        return isNews
    }

    /// Writes hours; those that cannot be written are found and rejected.
    private func take(
        _ hours: ArraySlice<AttachedReading.Hour>, of table: AttachedTable,
        _ rejections: inout [AttachedRows.Rejection: Int64]
    ) async throws {
        do {
            try await transaction {
                var parameters: [any PostgresEncodable] = [
                    table.id, table.filled, hours.map(\.station), hours.map(\.hour.timestamp),
                ]
                for measure in 0..<6 { parameters.append(hours.map { $0.means[measure] }) }
                try await connection.query(
                    "SELECT hazecast.take_attached($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", parameters,
                    timeout: .seconds(60))
            }
        } catch let error as PostgresError where ["22", "23"].contains(error.sqlState?.prefix(2)) {
            guard hours.count > 1 else {
                for hour in hours {
                    let rejection = AttachedRows.Rejection(
                        station: hour.station, observed: "\(hour.hour)", reason: error.message)
                    rejections[rejection] = 1
                }
                return
            }
            let middle = hours.startIndex + hours.count / 2
            try await take(hours[..<middle], of: table, &rejections)
            try await take(hours[middle...], of: table, &rejections)
        }
    }

    /// What is done leaves the queues, and what waits enters them.
    private func note(_ reading: AttachedReading) async throws(PostgresError) {
        let id = reading.table.id
        let settled =
            reading.complete.map { ($0.station, $0.hour.timestamp) }
            + (reading.changes.due + reading.withdrawn).map { ($0.station, $0.hour.timestamp) }
        if !settled.isEmpty {
            try await connection.query(
                """
                DELETE FROM hazecast.attachment_hour WHERE attachment = $1
                    AND (station, hour) IN (SELECT * FROM unnest($2::text[], $3::timestamptz[]))
                """, [id, settled.map(\.0), settled.map(\.1)])
        }
        if !reading.waiting.isEmpty {
            try await connection.query(
                """
                INSERT INTO hazecast.attachment_hour AS h (attachment, station, hour, look_at, removed)
                SELECT $1, * FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::boolean[])
                ON CONFLICT (attachment, station, hour) DO UPDATE SET removed = h.removed OR excluded.removed
                """,
                [
                    id, reading.waiting.map(\.station), reading.waiting.map(\.hour.timestamp),
                    reading.waiting.map(\.until), reading.waiting.map(\.isRemoval),
                ])
        }
        if !reading.changes.truncations.isEmpty {
            try await connection.query(
                """
                INSERT INTO hazecast.attachment_hour AS h (attachment, station, hour, look_at, removed)
                SELECT attachment, station, observed_at, $2, true FROM hazecast.attachment_reading
                WHERE attachment = $1 AND observed_at > $2 - interval '2 days'
                ON CONFLICT (attachment, station, hour) DO UPDATE SET look_at = excluded.look_at, removed = true
                """, [id, reading.now])
        }
        let rest = reading.changes.rest
        if !rest.isEmpty {
            try await connection.query(
                """
                INSERT INTO hazecast.attachment_change (attachment, kind, station, hours)
                SELECT $1, kind, nullif(station, ''), range_agg(int8range(low, nullif(high, 2147483647)))
                FROM unnest($2::text[], $3::text[], $4::int8[], $5::int8[]) AS rest (kind, station, low, high)
                GROUP BY kind, station
                """,
                [
                    id, rest.map { $0.isHistory ? "history" : $0.isRemoval ? "removal" : "write" },
                    rest.map { $0.station ?? "" }, rest.map(\.hours.lowerBound), rest.map(\.hours.upperBound),
                ])
        }
        try await connection.query(
            "DELETE FROM hazecast.attachment_change WHERE attachment = $1 AND id = ANY ($2)", [id, reading.done])
    }

    /// Notes what could not be used. Of many rejections the oldest are added up.
    private func reject(
        _ rejections: [AttachedRows.Rejection: Int64], of table: AttachedTable
    ) async throws {
        for isRecount in [false, true] {
            let rows = rejections.filter { $0.key.isRecount == isRecount }.map { rejection, count in
                var row: [String: Any] = ["reason": rejection.reason.start(500), "rows": count]
                row["station"] = rejection.station?.start(100)
                row["observed"] = rejection.observed?.start(100)
                return row
            }
            if rows.isEmpty { continue }
            let json = try JSONSerialization.data(withJSONObject: rows)
            try await connection.query(
                """
                INSERT INTO hazecast.rejection AS r (attachment, station, observed, reason, rows)
                SELECT $1, station, observed, reason, sum(rows)
                FROM jsonb_to_recordset($2) AS given (station text, observed text, reason text, rows bigint)
                GROUP BY station, observed, reason
                ON CONFLICT ON CONSTRAINT rejection_key DO UPDATE SET
                    rows = CASE WHEN $3 THEN 0 ELSE r.rows END + excluded.rows, last_seen = excluded.last_seen
                """, [table.id, JSONText(String(decoding: json, as: UTF8.self)), isRecount], timeout: .seconds(60))
        }
        if rejections.isEmpty { return }
        try await connection.query(
            """
            WITH old AS (
                DELETE FROM hazecast.rejection AS r
                USING (
                    SELECT ctid FROM hazecast.rejection
                    WHERE attachment = $1 AND (station IS NOT NULL OR observed IS NOT NULL)
                        AND (SELECT count(*) > 20000 FROM hazecast.rejection WHERE attachment = $1)
                    ORDER BY last_seen DESC OFFSET 10000
                ) AS surplus
                WHERE r.ctid = surplus.ctid
                RETURNING r.reason, r.rows, r.first_seen, r.last_seen
            )
            INSERT INTO hazecast.rejection AS r (attachment, reason, rows, first_seen, last_seen)
            SELECT $1, reason, sum(rows), min(first_seen), max(last_seen) FROM old GROUP BY reason
            ON CONFLICT ON CONSTRAINT rejection_key DO UPDATE SET
                rows = r.rows + excluded.rows, first_seen = least(r.first_seen, excluded.first_seen),
                last_seen = greatest(r.last_seen, excluded.last_seen)
            """, [table.id], timeout: .seconds(60))
    }
}

extension String {
    /// At most so many characters, as PostgreSQL counts them.
    fileprivate func start(_ length: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(length))) }
}
