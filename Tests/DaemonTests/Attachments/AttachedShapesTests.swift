import Postgres
import TestSupport
import Testing

@testable import Daemon

/// Tables that are not one row per station and time.
struct AttachedShapesTests {
    @Test func longTablesAndSeveralAttachmentsOfOneTable() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE long (site text, at timestamptz, parameter text, value real, qc int);
                CREATE INDEX ON long (site, at);
                SELECT hazecast.attach('long', 'site', 'at', pm25 => 'value', name => 'pm',
                    "where" => $$parameter = 'pm25' AND qc = 1$$);
                SELECT hazecast.attach('long', 'site', 'at', temperature => 'value', pressure => 'value', name => 'weather',
                    parameter => 'parameter', parameters => '{"temperature": "TEMP", "pressure": "BARPR"}');
                INSERT INTO long VALUES ('a', '2025-01-05 07:00Z', 'pm25', 12, 1), ('a', '2025-01-05 07:00Z', 'pm10', 99, 1),
                    ('a', '2025-01-05 08:00Z', 'pm25', 77, 9), ('a', '2025-01-05 07:00Z', 'TEMP', 3, 1),
                    ('a', '2025-01-05 07:00Z', 'BARPR', 1013, 1);
                """)
            try await database.settle()
            #expect(try await database.readings("pm25, temperature, pressure") == ["a 01-05 07 12 3 1013"])
            #expect(
                try await database.column("SELECT name || ' ' || state FROM hazecast.attachments ORDER BY 1")
                    == ["pm following", "weather following"])
            try await database.run("SELECT hazecast.detach('long', 'weather')")
            #expect(
                try await database.value(
                    "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'hazecast%'", as: Int64.self)
                    == 4, "the other attachment needs them")
            try await database.run("SELECT hazecast.detach('long')")
            #expect(
                try await database.value(
                    "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'hazecast%'", as: Int64.self)
                    == 0)
        }
    }

    @Test func viewsAndMaterializedViewsArePolled() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE base (site text, at timestamptz, celsius text);
                CREATE VIEW seen AS SELECT site, at, replace(celsius, ',', '.') AS t FROM base;
                CREATE MATERIALIZED VIEW kept AS SELECT 'm' || site AS site, at, t FROM seen;
                CREATE INDEX ON kept (site, at);
                INSERT INTO base SELECT 'v', date_trunc('hour', now()) - interval '2 hours', '21,5';
                REFRESH MATERIALIZED VIEW kept;
                SELECT hazecast.attach('seen', 'site', 'at', temperature => 't'),
                    hazecast.attach('kept', 'site', 'at', temperature => 't');
                """)
            try await database.settle()
            #expect(
                try await database.column(
                    """
                    SELECT name || ' ' || temperature FROM hazecast.reading JOIN hazecast.station ON id = station_id
                    ORDER BY 1
                    """)
                    == ["mv 21.5", "v 21.5"])
            #expect(try await database.column("SELECT DISTINCT state FROM hazecast.attachments") == ["polling"])
        }
    }

    /// As Home Assistant's recorder: a row where the value changed.
    @Test func valuesAreCarriedUntilTheNext() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE states (at timestamptz PRIMARY KEY, state text);
                SELECT hazecast.attach('states', observed_at => 'at', pm25 => 'state', station_name => 'ha',
                    carry => '2 hours', missing => '["unavailable"]');
                INSERT INTO states VALUES ('2025-01-05 07:00Z', '10'), ('2025-01-05 07:30Z', '20'),
                    ('2025-01-05 08:45Z', '40'), ('2025-01-05 09:00Z', 'unavailable'), ('2025-01-05 12:00Z', '50'),
                    ('2025-01-05 13:00Z', '60');
                """)
            try await database.settle()
            try await database.settle(at: "now() + interval '11 minutes'")
            #expect(
                try await database.readings() == [
                    // 08: 45 minutes of 20 and 15 of 40; 09 and 10: unavailable; 11: more than two hours without a row.
                    "ha 01-05 07 15", "ha 01-05 08 25", "ha 01-05 09", "ha 01-05 10", "ha 01-05 12 50",
                    "ha 01-05 13 60",
                    "ha 01-05 14 60",
                ])
        }
    }

    @Test func stepsThatAreNoPartOfAQuarterAreWeightedByWhatTheyCover() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (at timestamptz PRIMARY KEY, x real);
                SELECT hazecast.attach('t', observed_at => 'at', pm25 => 'x', station_name => 's', step => '20 minutes',
                    error_codes => '{"pm25": [985]}');
                INSERT INTO t VALUES ('2025-01-05 07:00Z', 0), ('2025-01-05 07:20Z', 0), ('2025-01-05 07:40Z', 90),
                    ('2025-01-05 08:00Z', 985), ('2025-01-05 08:20Z', 10), ('2025-01-05 08:40Z', 10);
                """)
            try await database.settle()
            #expect(try await database.readings() == ["s 01-05 07 30", "s 01-05 08"])
        }
    }

    /// Rows that stand for less than `step` says are not added up: neither at once nor one by one.
    @Test func anotherSpacingThanTheStepIsRefused() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (at timestamptz PRIMARY KEY, x real);
                SELECT hazecast.attach('t', observed_at => 'at', pm25 => 'x', station_name => 's');
                INSERT INTO t SELECT date_trunc('hour', now()) - interval '3 hours' + n * interval '10 minutes', n
                FROM generate_series(0, 5) AS n;
                """)
            try await database.settle()
            #expect(try await database.readings() == [])
            // A row that was alone was an hour of its own.
            try await database.run("INSERT INTO t VALUES (date_trunc('hour', now()) - interval '6 hours', 1)")
            try await database.settle()
            #expect(try await database.readings().count == 1)
            try await database.run(
                """
                INSERT INTO t SELECT date_trunc('hour', now()) - interval '6 hours' + n * interval '10 minutes', n
                FROM generate_series(1, 5) AS n
                """)
            try await database.settle()
            #expect(try await database.readings() == [])
            #expect(
                try await database.column("SELECT reason FROM hazecast.rejection ORDER BY observed LIMIT 1")
                    == ["rows of 350 % of the hour: attach the table again, with step => the time between its rows"])
            try await database.run(
                """
                SELECT hazecast.attach('t', observed_at => 'at', pm25 => 'x', station_name => 's', step => '10 minutes',
                    backfill => '1 day')
                """)
            try await database.settle()
            #expect(
                try await database.column("SELECT pm25::text FROM hazecast.reading ORDER BY 1") == ["2.5", "2.6666667"])
        }
    }

    /// Neither its first rows nor all of them make an hour that is not over.
    @Test func anHourIsWaitedForUntilItIsOver() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (at timestamptz PRIMARY KEY, x real);
                SELECT hazecast.attach('t', observed_at => 'at', pm25 => 'x', station_name => 's', backfill => '1 day');
                INSERT INTO t VALUES (date_trunc('hour', now()), 7);
                """)
            let isOver = "date_trunc('hour', now()) + interval '59 minutes 59 seconds'"
            try await database.settle(at: isOver)
            #expect(try await database.column("SELECT pm25::text FROM hazecast.reading") == [])
            try await database.settle(at: "\(isOver) + interval '1 second'")
            #expect(try await database.column("SELECT pm25::text FROM hazecast.reading") == ["7"])
            #expect(try await database.value("SELECT waiting_hours FROM hazecast.attachments", as: Int64.self) == 0)
        }
    }

    @Test func whoAttachesIsToldWhatTheTableLacks() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE hidden (site text, at timestamptz, x real);
                ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
                CREATE TABLE hyper (site text, at timestamptz, x real);
                CREATE FUNCTION block() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                CREATE TRIGGER ts_insert_blocker BEFORE INSERT ON hyper FOR EACH ROW EXECUTE FUNCTION block();
                CREATE TABLE later (site text, at timestamptz PRIMARY KEY, x real);
                SELECT hazecast.attach('later', 'site', 'at', pm25 => 'x');
                INSERT INTO later VALUES ('a', '2025-01-05 07:00Z', 1);
                ALTER TABLE later ENABLE ROW LEVEL SECURITY;
                """)
            for (table, words) in [("hidden", "row security"), ("hyper", "TimescaleDB")] {
                let error = try await #require(throws: PostgresError.self) {
                    try await database.run("SELECT hazecast.attach('\(table)', 'site', 'at', pm25 => 'x')")
                }
                #expect(error.description.contains(words), "\(error)")
            }
            // Rows are not silently missing either.
            try await database.settle()
            #expect(
                try await database.column("SELECT error FROM hazecast.attachments")
                    == ["query would be affected by row-level security policy for table \"later\""])
        }
    }

    /// The right to read is looked at anew for every reading.
    @Test func aTableIsReadOnlyAsLongAsWhoAttachedItMay() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE ROLE attach_lender; GRANT hazecast_operator TO attach_lender;
                CREATE TABLE t (site text, at timestamptz PRIMARY KEY, x real);
                GRANT SELECT ON t TO attach_lender WITH GRANT OPTION; GRANT TRIGGER ON t TO attach_lender;
                SET ROLE attach_lender;
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x');
                RESET ROLE;
                INSERT INTO t VALUES ('a', '2025-01-05 07:00Z', 1);
                """)
            try await database.settle()
            #expect(try await database.readings() == ["a 01-05 07 1"])
            try await database.run(
                "REVOKE SELECT ON t FROM attach_lender CASCADE; INSERT INTO t VALUES ('a', '2025-01-05 08:00Z', 2)")
            try await database.settle()
            #expect(try await database.readings() == ["a 01-05 07 1"])
            #expect(
                try await database.column("SELECT error FROM hazecast.attachments")
                    == ["\"attach_lender\", which attached it, may not read it any more"])
            try await database.run("SELECT hazecast.detach('t'); DROP OWNED BY attach_lender; DROP ROLE attach_lender")
        }
    }
}
