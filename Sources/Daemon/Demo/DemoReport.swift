import Forecast
import Ingest
import Postgres

/// What the demo shows at the end, all of it read by SQL.
struct DemoReport {
    let connection: Connection
    let station: String

    static let question = """
        SELECT station, origin, lead, valid_at, pm25, model
        FROM hazecast.latest_forecast WHERE lead IN (1, 2, 4, 8, 12, 24) ORDER BY station, lead;
        """

    /// The answer to `question`.
    func latest() async throws -> String {
        let rows = try await connection.query(
            """
            SELECT station, to_char(origin, 'YYYY-MM-DD HH24:MI'), lead::text, to_char(valid_at, 'YYYY-MM-DD HH24:MI'),
                round(pm25::numeric, 1)::text, model
            FROM hazecast.latest_forecast WHERE lead IN (1, 2, 4, 8, 12, 24) ORDER BY station, latest_forecast.lead
            """)
        return try Self.table(["station", "origin", "lead", "valid_at", "pm25", "model"], rows)
    }

    /// The forecast that was issued at `origin` beside what was observed since, and the 12 hours before it.
    func chart(origin: UTCHour) async throws -> String {
        let rows = try await connection.query(
            """
            SELECT hour, r.pm25::double precision, f.pm25::double precision, to_char(hour, 'HH24')
            FROM generate_series($2 - interval '11 hours', $2 + interval '24 hours', interval '1 hour') AS hour
            JOIN hazecast.station AS s ON s.name = $1
            LEFT JOIN hazecast.reading AS r ON r.station_id = s.id AND r.observed_at = hour
            LEFT JOIN hazecast.forecast AS f ON f.station = $1 AND f.origin = $2 AND f.valid_at = hour
            ORDER BY hour
            """, [station, origin.timestamp])
        let hours = try rows.map { row in
            let label = try row.decode(String.self, at: 3)
            return Chart.Hour(
                observed: try row.decode(Double?.self, at: 1), forecast: try row.decode(Double?.self, at: 2),
                label: row.index % 4 == 3 ? label : "")
        }
        return Chart(hours: hours).lines.joined(separator: "\n")
    }

    /// Scores of the forecasts whose origin is not before `first`, beside persistence, on hours that were observed.
    func scores(since first: UTCHour) async throws -> String {
        let rows = try await connection.query(
            """
            SELECT f.lead::text || ' h', count(*)::text,
                round(sqrt(avg((f.pm25 - o.pm25) ^ 2))::numeric, 1)::text,
                round(sqrt(avg((p.pm25 - o.pm25) ^ 2))::numeric, 1)::text,
                to_char(1 - avg((f.pm25 - o.pm25) ^ 2) / avg((p.pm25 - o.pm25) ^ 2), 'SG0.00')
            FROM hazecast.forecast AS f
            JOIN hazecast.station AS s ON s.name = f.station
            JOIN hazecast.reading AS o ON o.station_id = s.id AND o.observed_at = f.valid_at
            JOIN hazecast.reading AS p ON p.station_id = s.id AND p.observed_at = f.origin
            WHERE f.station = $1 AND f.origin >= $2 AND f.lead IN (1, 2, 4, 8, 12, 24)
                AND o.pm25 IS NOT NULL AND p.pm25 IS NOT NULL
            GROUP BY f.lead ORDER BY f.lead
            """, [station, first.timestamp])
        return try Self.table(["lead", "hours", "RMSE", "persistence RMSE", "skill"], rows)
    }

    private static func table(_ header: [String], _ rows: Rows) throws(PostgresError) -> String {
        var table = TextTable(header: header)
        for row in rows {
            var cells: [String] = []
            for column in header.indices { cells.append(try row.decode(String?.self, at: column) ?? "-") }
            table.add(cells)
        }
        return table.text
    }
}
