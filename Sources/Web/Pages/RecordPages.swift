import Postgres

/// Pages that are tables of what the database records: models, alerts and data.
enum RecordPages {
    /// Rows of an answer whose columns are all text; NULL is a dash.
    private static func cells(
        _ database: Database, _ sql: String, _ parameters: [any PostgresEncodable] = []
    ) async throws(PostgresError) -> [[HTML]] {
        var cells: [[HTML]] = []
        let rows = try await database.query(sql, parameters)
        for row in rows {
            var line: [HTML] = []
            for column in 0..<rows.columnCount {
                line.append(try row.decode(String?.self, at: column).map { "\(name: $0)" } ?? "–")
            }
            cells.append(line)
        }
        return cells
    }

    /// A table, or a sentence where the login may not see it: a restricted reader sees no training.
    private static func section(
        _ database: Database, _ heading: String, _ caption: String, _ columns: [String], text: Set<Int> = [],
        empty: String, _ sql: String,
        _ parameters: [any PostgresEncodable] = []
    ) async throws(PostgresError) -> HTML {
        let table: HTML
        do throws(PostgresError) {
            table = Piece.table(
                caption, columns, try await cells(database, sql, parameters), text: text, empty: empty)
        } catch {
            guard error.isDenied else { throw error }
            table = "<p class=\"quiet\">This login may not see it.</p>"
        }
        return "<h2>\(heading)</h2>\n\(table)\n"
    }

    private static func stamp(_ column: String) -> String {
        "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
    }

    static func models(_ database: Database) async throws(PostgresError) -> Page {
        let serving = try await section(
            database, "What serves", "Stations by the model that serves them", ["Model", "Stations"],
            empty: "No station yet.",
            """
            SELECT coalesce(model, 'none'), count(*)::text FROM hazecast.status WHERE kind = 'station'
            GROUP BY model ORDER BY count(*) DESC, 1 LIMIT 100
            """)
        let runs = try await section(
            database, "Training runs", "The newest 20, in UTC",
            ["Requested", "State", "Skill of the champion", "Skill of the challenger", "Decision"],
            text: [1, 4], empty: "No training run yet.",
            """
            SELECT \(stamp("requested_at")), state, round(champion_skill::numeric, 3)::text,
                round(challenger_skill::numeric, 3)::text, decision
            FROM hazecast.training_run ORDER BY id DESC LIMIT 20
            """)
        let activations = try await section(
            database, "Activations", "The newest 50, in UTC", ["When", "Model", "Before", "Station", "By", "Reason"],
            text: [1, 2, 3, 4, 5], empty: "No model has been activated yet.",
            """
            SELECT \(stamp("a.activated_at")), coalesce(new.name, 'default'), old.name,
                CASE WHEN a.station_id IS NULL THEN 'all' ELSE coalesce(station.name, 'deleted') END,
                a.by_whom, a.reason
            FROM hazecast.activation AS a
            LEFT JOIN hazecast.model AS new ON new.id = a.model_id
            LEFT JOIN hazecast.model AS old ON old.id = a.previous_model_id
            LEFT JOIN hazecast.station ON station.id = a.station_id
            ORDER BY a.id DESC LIMIT 50
            """)
        return Page(title: "Models", section: "/models", body: "<h1>Models</h1>\n\(serving)\(runs)\(activations)")
    }

    static func alerts(_ database: Database) async throws(PostgresError) -> Page {
        let standing = try await section(
            database, "Standing", "Raised and not cleared, in UTC",
            ["Station", "Rule", "Level", "Raised", "For", "PM2.5", "Probability", "Note"], text: [1, 7],
            empty: "No alert stands.",
            """
            SELECT station, rule, level::text, \(stamp("raised_at")), \(stamp("valid_at")), round(pm25::numeric)::text,
                round(probability::numeric, 2)::text, CASE WHEN stale THEN 'no new forecast since' END
            FROM hazecast.standing_alert ORDER BY raised_at DESC, station LIMIT 500
            """)
        let past = try await section(
            database, "Past", "Cleared in the last 30 days, at most 200, in UTC",
            ["Station", "Rule", "Level", "Raised", "Cleared", "Because"], text: [1, 5],
            empty: "None in the last 30 days.",
            """
            SELECT station.name, alert.rule, alert.level::text, \(stamp("alert.raised_at")),
                \(stamp("alert.cleared_at")), alert.cleared_because
            FROM hazecast.alert JOIN hazecast.station ON station.id = alert.station_id
            WHERE alert.cleared_at > now() - interval '30 days' ORDER BY alert.cleared_at DESC LIMIT 200
            """)
        return Page(title: "Alerts", section: "/alerts", body: "<h1>Alerts</h1>\n\(standing)\(past)")
    }

    /// Of the stations of one page of the list.
    static func data(
        _ stations: [StationID], number: Int, total: Int, _ links: Links, _ database: Database
    ) async throws(PostgresError) -> Page {
        let days = try await section(
            database, "Hours that came", "The last 7 UTC days by station, today included",
            ["Station", "Day", "Hours", "Late", "Flagged", "Count"], empty: "No reading in the last 7 days.",
            """
            SELECT station.name, day.day::text, day.hours::text, day.late::text, day.flagged::text, day.good::text
            FROM hazecast.station
            CROSS JOIN LATERAL (
                SELECT (r.observed_at AT TIME ZONE 'UTC')::date AS day, count(*) AS hours,
                    count(*) FILTER (WHERE r.received_at > r.observed_at + interval '2 hours') AS late,
                    count(*) FILTER (WHERE EXISTS (
                        SELECT FROM hazecast.reading_flag AS f
                        WHERE f.station_id = r.station_id AND f.observed_at = r.observed_at OFFSET 0
                    )) AS flagged,
                    count(*) FILTER (WHERE EXISTS (
                        SELECT FROM hazecast.observation AS o
                        WHERE o.station_id = r.station_id AND o.observed_at = r.observed_at
                            AND o.observed_at > now() - interval '7 days' AND o.observed_at <= now() OFFSET 0
                    )) AS good
                FROM hazecast.reading AS r
                WHERE r.station_id = station.id AND r.observed_at > now() - interval '7 days'
                    AND r.observed_at <= now()
                GROUP BY 1
            ) AS day
            WHERE station.id = ANY ($1) ORDER BY array_position($1, station.id), day.day DESC
            """, [stations.map { Int32($0.id) }])
        let last = max((total + dataPageSize - 1) / dataPageSize, 1)
        func link(_ page: Int, _ text: String) -> HTML {
            !links.isStatic && 1...last ~= page ? "<a href=\"\(links.page("/data"))?page=\(page)\">\(text)</a>" : ""
        }
        return Page(
            title: "Data", section: "/data",
            body: """
                <h1>Data</h1>
                <p>An hour is late when it came more than an hour after its end. <b>Count</b> is how many had a PM2.5 \
                that passed quality control.</p>
                \(days)
                <p class="pages">\(link(number - 1, "← Before")) Page \(number) of \(last) \
                \(link(number + 1, "Next →"))</p>
                """)
    }

    static let dataPageSize = 20
}
