import Foundation
import Postgres
import TestSupport
import Testing

/// What people ask: forecasts and how things stand.
struct SchemaViewTests {
    private static let model = ModelDocument(name: "m", sha256: String(repeating: "1", count: 64)).insert

    /// A ledger row of station 1 whose forecast at lead l is `value` + l.
    private static func issue(_ origin: String, revision: Int = 1, value: Int, bands: Bool = false) -> String {
        let leads = "(SELECT array_agg((\(value) + l)::real ORDER BY l) FROM generate_series(1, 24) AS l)"
        return """
            INSERT INTO hazecast.forecast_ledger
                (station_id, origin, revision, model_id, pm25, lower80, upper80, lower95, upper95, digest)
            SELECT 1, \(origin), \(revision), id, \(leads), \(Array(repeating: bands ? leads : "NULL", count: 4)
                .joined(separator: ", ")), 0 FROM hazecast.model WHERE name = 'm';
            """
    }

    private static func read(_ origin: String) -> String {
        "INSERT INTO hazecast.reading (station_id, observed_at, pm25) SELECT 1, \(origin), 1;"
    }

    private static let thisHour = "date_trunc('hour', now())"

    private func withModel(_ body: @escaping @Sendable (MigratedDatabase) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                "INSERT INTO hazecast.station (name) VALUES ('a'), ('silent'); DELETE FROM hazecast.active_model; \(Self.model)"
            )
            try await body(database)
        }
    }

    @Test func theLatestRevisionCounts() async throws {
        try await withModel { database in
            try await database.run(
                Self.issue("'2014-01-01 00:00+00'", value: 100)
                    + Self.issue("'2014-01-01 00:00+00'", revision: 2, value: 200)
                    + Self.issue("'2014-01-01 01:00+00'", value: 300, bands: true))
            let rows = try await database.column(
                """
                SELECT concat_ws(' ', station, to_char(valid_at AT TIME ZONE 'UTC', 'MM-DD HH24'), pm25, lower80, model, revision)
                FROM hazecast.forecast WHERE lead IN (1, 24) ORDER BY origin, lead
                """)
            #expect(
                rows == [
                    "a 01-01 01 201 m 2", "a 01-02 00 224 m 2", "a 01-01 02 301 301 m 1", "a 01-02 01 324 324 m 1",
                ])
            #expect(try await database.value("SELECT count(*) FROM hazecast.forecast", as: Int.self) == 48)
        }
    }

    @Test func theLatestForecastPassesOverOriginsWhoseReadingIsGone() async throws {
        try await withModel { database in
            let hours = ["'2014-01-01 00:00+00'", "'2014-01-01 01:00+00'"]
            try await database.run(
                hours.map(Self.read).joined() + Self.issue(hours[0], value: 1) + Self.issue(hours[1], value: 2)
                    + Self.issue(hours[1], revision: 2, value: 3))
            let latest =
                "SELECT concat_ws(' ', station, pm25, revision, stale) FROM hazecast.latest_forecast WHERE lead = 1"
            #expect(try await database.column(latest) == ["a 4 2 t"])
            try await database.run("DELETE FROM hazecast.reading WHERE observed_at = \(hours[1])")
            #expect(try await database.column(latest) == ["a 2 1 t"])
            try await database.run("DELETE FROM hazecast.reading")
            #expect(try await database.column(latest) == [])
        }
    }

    /// Recent origins are looked for first. Where the clock has overtaken the bounds of that look, as in a plan that was made
    /// long ago, or there is nothing between them, the answer is the same.
    @Test(arguments: ["now() - interval '1 year'", "now()", "now() + interval '7 days'"])
    func theLatestForecastIsTheNewestWhereverItIsLookedForFirst(until: String) async throws {
        try await withModel { database in
            let (recent, old) = (Self.thisHour, "'2014-01-01 00:00+00'")
            try await database.run(
                """
                CREATE OR REPLACE FUNCTION hazecast.recent_since() RETURNS timestamptz LANGUAGE sql IMMUTABLE
                RETURN \(until) - interval '10 days';
                CREATE OR REPLACE FUNCTION hazecast.recent_until() RETURNS timestamptz LANGUAGE sql IMMUTABLE RETURN \(until);
                """ + Self.read(old) + Self.issue(old, value: 1))
            let latest = "SELECT concat_ws(' ', station, pm25, stale) FROM hazecast.latest_forecast WHERE lead = 1"
            #expect(try await database.column(latest) == ["a 2 t"])
            let lastYear = "\(recent) - interval '1 year 1 day'"
            try await database.run(Self.read(lastYear) + Self.issue(lastYear, value: 2))
            #expect(try await database.column(latest) == ["a 3 t"])
            try await database.run(Self.read(recent) + Self.issue(recent, value: 3))
            #expect(try await database.column(latest) == ["a 4 f"])
        }
    }

    @Test func aForecastIsStaleThreeHoursAfterItsOrigin() async throws {
        try await withModel { database in
            let latest = "SELECT bool_and(stale) FROM hazecast.latest_forecast"
            let (old, fresh) = ("\(Self.thisHour) - interval '3 hours'", "\(Self.thisHour) - interval '2 hours'")
            try await database.run(Self.read(old) + Self.issue(old, value: 1))
            #expect(try await database.value(latest) == true)
            try await database.run(Self.read(fresh) + Self.issue(fresh, value: 1))
            #expect(try await database.value(latest) == false)
        }
    }

    @Test func statusSaysWhyThereIsNoForecast() async throws {
        try await withModel { database in
            let stations =
                "SELECT concat_ws('|', name, lag, model, reason) FROM hazecast.status WHERE kind = 'station' ORDER BY 1"
            let (before, newest) = ("\(Self.thisHour) - interval '1 hour'", Self.thisHour)
            #expect(
                try await database.column(stations) == [
                    "a|no forecast: no reading yet", "silent|no forecast: no reading yet",
                ])
            try await database.run(
                """
                INSERT INTO hazecast.active_model (model_id) SELECT id FROM hazecast.model WHERE name = 'm'
                ON CONFLICT (station_id) DO UPDATE SET model_id = excluded.model_id;
                \(Self.read(before)) \(Self.issue(before, value: 1)) \(Self.read("'2262-01-01 00:00+00'"))
                """)
            #expect(try await database.column(stations) == ["a|00:00:00|m", "silent|m|no forecast: no reading yet"])
            try await database.run(Self.read(newest))
            #expect(try await database.column(stations)[0] == "a|01:00:00|m|not forecast yet")
            try await database.run("INSERT INTO hazecast.station_outage VALUES (1, \(newest), 'a gap')")
            #expect(try await database.column(stations)[0] == "a|01:00:00|m|a gap")
            // Corrections may take the inputs away from a forecast that was issued.
            try await database.run(Self.issue(newest, value: 1))
            #expect(try await database.column(stations)[0] == "a|00:00:00|m|a gap")
            try await database.run("DELETE FROM hazecast.station_outage")
            #expect(try await database.column(stations)[0] == "a|00:00:00|m")
            try await database.run("DELETE FROM hazecast.reading")
            #expect(try await database.column(stations)[0] == "a|m|no forecast: no reading yet")
        }
    }

    @Test func statusNamesDaemonsAndAStationsOwnModel() async throws {
        try await withModel { database in
            try await database.run(
                """
                \(ModelDocument(name: "own", sha256: String(repeating: "2", count: 64)).insert)
                INSERT INTO hazecast.active_model (station_id, model_id) SELECT 1, id FROM hazecast.model WHERE name = 'own';
                INSERT INTO hazecast.daemon (instance, host, pid, version, role, model)
                VALUES (gen_random_uuid(), 'h', 7, '1.0', 'standby', 'm')
                """)
            let lines = try await database.column(
                "SELECT concat_ws('|', kind, name, model, version, role) FROM hazecast.status WHERE model <> 'chapter' ORDER BY 1"
            )
            #expect(lines == ["daemon|h:7|m|1.0|standby", "station|a|own"])
            try await database.run("UPDATE hazecast.daemon SET heartbeat = now() - interval '61 seconds'")
            #expect(try await database.column("SELECT role FROM hazecast.status WHERE kind = 'daemon'") == ["lost"])
        }
    }

    /// One station's forecast costs a fixed number of pages, however long history is.
    @Test func theLatestForecastOfOneStationReadsFewPages() async throws {
        try await withModel { database in
            try await database.run(
                """
                SET hazecast.notify = off;
                INSERT INTO hazecast.station (name) SELECT 's' || n FROM generate_series(3, 300) AS n;
                INSERT INTO hazecast.reading (station_id, observed_at, pm25)
                SELECT id, \(Self.thisHour) - n * interval '1 hour', 1
                FROM hazecast.station, generate_series(0, 99) AS n;
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
                SELECT station_id, observed_at, 1, 1, array_fill(1::real, ARRAY[24]), 0 FROM hazecast.reading;
                ANALYZE
                """)
            let sizes = try await database.value(
                "SELECT (sum(pg_relation_size(relid)) / 8192)::float8 FROM pg_partition_tree('hazecast.forecast_ledger')",
                as: Double.self)
            let plan = try await database.column(
                "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM hazecast.latest_forecast WHERE station = 's77'")
            let buffers = try #require(plan.first { $0.contains("Buffers: shared hit=") })
            let pages = try #require(buffers.split(separator: "=").last.flatMap { Double($0.prefix { $0.isNumber }) })
            #expect(sizes > 500, "there is something to be saved")
            #expect(pages < 150, "\(plan.joined(separator: "\n"))")
        }
    }
}
