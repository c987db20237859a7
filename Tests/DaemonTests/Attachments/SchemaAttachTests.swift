import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// Tables that users have already, as a source of readings.
struct SchemaAttachTests {
    @Test func anHourIsEmittedOnceWhenItIsComplete() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamptz, x real, wd real, ws real, PRIMARY KEY (site, at));
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x', wind_direction => 'wd', wind_speed => 'ws',
                    step => '10 minutes');
                """)
            for minute in stride(from: 0, to: 60, by: 10) {
                #expect(try await database.readings() == [])
                try await database.run(
                    "INSERT INTO t VALUES ('a', '2025-01-05 07:\(minute == 0 ? "00" : "\(minute)")Z', \(minute), \(minute < 30 ? 350 : 10), 2)"
                )
                try await database.settle()
            }
            #expect(
                try await database.readings("pm25, round(wind_direction)::int % 360, wind_speed") == [
                    "a 01-05 07 25 0 2"
                ])
            #expect(try await database.value("SELECT readings FROM hazecast.attachments", as: Int64.self) == 1)

            // A correction, a lost row, and what other sources say of the hour.
            try await database.run(
                "UPDATE t SET x = 60 WHERE x = 0; UPDATE hazecast.reading SET temperature = 4")
            try await database.settle()
            #expect(try await database.readings("pm25, temperature") == ["a 01-05 07 35 4"])
            try await database.run("UPDATE t SET x = x")
            try await database.claim()
            try await database.settle()
            #expect(
                try await database.value("SELECT readings FROM hazecast.attachments", as: Int64.self) == 2,
                "what stays as it is is not written")
        }
    }

    @Test func threeQuartersOfAnHourAreEnoughWhenItIsOver() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamptz, x real, y real, PRIMARY KEY (site, at));
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x', temperature => 'y', step => '10 minutes');
                INSERT INTO t SELECT 'five', '2025-01-05 07:00Z'::timestamptz + n * interval '10 minutes', n, NULL
                FROM generate_series(1, 5) AS n;
                INSERT INTO t SELECT 'four', '2025-01-05 07:00Z'::timestamptz + n * interval '10 minutes', n, NULL
                FROM generate_series(1, 4) AS n;
                INSERT INTO t SELECT 'six', '2025-01-05 07:00Z'::timestamptz + n * interval '10 minutes',
                    CASE WHEN n < 4 THEN n WHEN n = 4 THEN -999 END, n FROM generate_series(0, 5) AS n;
                """)
            try await database.settle()
            #expect(
                try await database.readings("pm25, temperature") == ["six 01-05 07 2.5"], "values of two thirds only")
            try await database.settle(at: "now() + interval '11 minutes'")
            #expect(try await database.readings() == ["five 01-05 07 3", "six 01-05 07"])
            #expect(
                try await database.value("SELECT temperature FROM hazecast.reading WHERE pm25 IS NULL", as: Float.self)
                    == 2.5)
            #expect(
                try await database.rejections() == [
                    "four|2025-01-05 07:00:00+00|rows of 67 % of the hour: it takes 75 %|1",
                    "six|2025-01-05 07:00:00+00|pm25: values of less than 75 % of the hour|1",
                    "six|2025-01-05 07:40:00+00|pm25 is out of range|1",
                ])
            try await database.run(
                "INSERT INTO t VALUES ('four', '2025-01-05 07:00Z', 6), ('four', '2025-01-05 07:50Z', 8)")
            try await database.settle()
            #expect(try await database.readings() == ["five 01-05 07 3", "four 01-05 07 4", "six 01-05 07"])
        }
    }

    @Test func removedRowsTakeTheirHourWithThemForTwoDays() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamptz, x real, PRIMARY KEY (site, at));
                CREATE TABLE staging (LIKE t INCLUDING ALL);
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x'),
                    hazecast.attach('staging', 'site', 'at', pm25 => 'x', follow_deletes => false);
                INSERT INTO t SELECT 'a', date_trunc('hour', now()) - n * interval '1 hour', n FROM generate_series(1, 3) AS n;
                INSERT INTO t VALUES ('a', '2025-01-05 07:00Z', 77);
                INSERT INTO staging SELECT 'b', at, x FROM t;
                """)
            try await database.settle()
            let old =
                "SELECT array_to_string(array_agg(pm25 ORDER BY pm25), ' ') FROM hazecast.reading WHERE station_id = "
            let a = old + "(SELECT id FROM hazecast.station WHERE name = 'a')"
            let b = old + "(SELECT id FROM hazecast.station WHERE name = 'b')"
            #expect(try await database.value(a, as: String?.self) == "1 2 3 77")
            try await database.run(
                "DELETE FROM t WHERE x IN (2, 77); UPDATE t SET at = at - interval '2 hours' WHERE x = 3; DELETE FROM staging"
            )
            try await database.settle()
            try await database.settle(at: "now() + interval '11 minutes'")
            #expect(try await database.value(a, as: String?.self) == "1 3 77")
            try await database.run("TRUNCATE t; TRUNCATE staging")
            try await database.settle()
            #expect(try await database.value(a, as: String?.self) == "77")
            #expect(try await database.value(b, as: String?.self) == "1 2 3 77")
        }
    }

    @Test func partitionedTablesFeedHoweverTheyAreWritten() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamptz, x real, PRIMARY KEY (site, at)) PARTITION BY RANGE (at);
                CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x');
                CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
                INSERT INTO t VALUES ('through', '2025-01-05 07:00Z', 1), ('through', '2025-02-05 07:00Z', 2);
                INSERT INTO t_1 VALUES ('straight', '2025-01-05 07:00Z', 3);
                UPDATE t SET at = '2025-02-06 07:00Z' WHERE x = 1;
                """)
            try await database.settle()
            #expect(
                try await database.readings() == ["straight 01-05 07 3", "through 02-05 07 2", "through 02-06 07 1"])
            try await database.run("SELECT hazecast.detach('t')")
            #expect(
                try await database.value(
                    "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'hazecast%'", as: Int64.self) == 0)
        }
    }

    @Test func polledTablesAreLookedAt() async throws {
        try await MigratedDatabase.with { database in
            let directory = try await database.value("SELECT current_setting('data_directory')", as: String.self)
            let file = directory + "/attached.csv"
            try await database.run(
                """
                CREATE EXTENSION file_fdw;
                CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
                COPY (SELECT 'far', date_trunc('hour', now()) - interval '1 hour', 5) TO '\(file)' (FORMAT csv);
                CREATE FOREIGN TABLE t (site text, at timestamptz, x real) SERVER files OPTIONS (filename '\(file)', format 'csv');
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x');
                """)
            try await database.settle()
            #expect(try await database.column("SELECT pm25::text FROM hazecast.reading") == ["5"])
            try await database.run(
                "COPY (SELECT 'far', date_trunc('hour', now()) - interval '1 hour', 6) TO '\(file)' (FORMAT csv)")
            try await database.settle(at: "now() + interval '61 seconds'")
            #expect(try await database.column("SELECT pm25::text FROM hazecast.reading") == ["6"])
            #expect(try await database.column("SELECT state FROM hazecast.attachments") == ["polling"])
            try await database.run("SELECT hazecast.detach('t'); DROP FOREIGN TABLE t")
        }
    }

    @Test func historyIsTakenInOnce() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamptz, x real, PRIMARY KEY (site, at));
                INSERT INTO t SELECT 'a', date_trunc('hour', now()) - n * interval '1 hour', n FROM generate_series(1, 50) AS n;
                INSERT INTO t VALUES ('a', 'infinity', 1);
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x', backfill => '40 hours');
                """)
            try await database.settle()
            #expect(try await database.value("SELECT count(*) FROM hazecast.reading", as: Int64.self) == 40)
            #expect(try await database.rejections() == ["a|infinity|observed_at is infinite|1"])
            #expect(
                try await database.value(
                    "SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x', backfill => '60 hours')", as: String.self)
                    == "public.t is attached; its history follows")
            try await database.settle()
            #expect(try await database.value("SELECT count(*) FROM hazecast.reading", as: Int64.self) == 50)
        }
    }

    /// Nothing that happens to us may make a user's statement fail, nor one table stop another.
    @Test func brokenAttachmentsHurtNobody() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE renamed (site text, at timestamptz, x real);
                CREATE TABLE dropped (site text, at timestamptz, x real);
                CREATE TABLE retyped (site text, at timestamptz, x real);
                CREATE TABLE fine (site text, at timestamptz, x real);
                SELECT hazecast.attach('renamed', 'site', 'at', pm25 => 'x'), hazecast.attach('dropped', 'site', 'at', pm25 => 'x'),
                    hazecast.attach('retyped', 'site', 'at', pm25 => 'x'), hazecast.attach('fine', 'site', 'at', pm25 => 'x');
                ALTER TABLE renamed RENAME site TO place;
                INSERT INTO renamed VALUES ('a', '2025-01-05 07:00Z', 1);
                INSERT INTO dropped VALUES ('a', '2025-01-05 08:00Z', 1);
                DROP TABLE dropped;
                INSERT INTO retyped VALUES ('a', '2025-01-05 08:00Z', 1), ('12', '2025-01-05 09:00Z', 2);
                DELETE FROM retyped WHERE site = 'a';
                ALTER TABLE retyped ALTER site TYPE integer USING site::integer;
                INSERT INTO fine VALUES ('a', '2025-01-05 10:00Z', 3);
                """)
            try await database.settle()
            #expect(try await database.readings() == ["12 01-05 09 2", "a 01-05 10 3"])
            #expect(
                try await database.column(
                    "SELECT concat_ws(': ', source, state, error) FROM hazecast.attachments ORDER BY source") == [
                        "public.dropped: failing: the table is gone", "public.fine: following",
                        "public.renamed: failing: there is no column \"site\" in public.renamed",
                        "public.retyped: following",
                    ])
            try await database.run(
                """
                SELECT hazecast.attach('renamed', 'place', 'at', pm25 => 'x', backfill => '10 years');
                SELECT hazecast.detach('public.dropped');
                """)
            try await database.settle()
            #expect(try await database.readings() == ["12 01-05 09 2", "a 01-05 07 1", "a 01-05 10 3"])
            // With the schema gone, the table goes on.
            try await database.run(
                "DROP SCHEMA hazecast CASCADE; INSERT INTO fine VALUES ('a', '2025-01-05 11:00Z', 4)")
        }
    }

    /// Two-phase commit refuses transactions that notify: those of attached tables must not.
    @Test func attachedTablesTakePartInTwoPhaseCommit() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamptz, x real);
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x');
                """)
            try await database.run(
                """
                BEGIN;
                INSERT INTO t VALUES ('a', '2025-01-05 07:00Z', 1);
                PREPARE TRANSACTION 'attached';
                """)
            try await database.run("COMMIT PREPARED 'attached'")
            try await database.settle()
            #expect(try await database.readings() == ["a 01-05 07 1"])
        }
    }

    @Test func whoAttachesNeedsTheRightsAndIsToldWhich() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE ROLE attach_owner; CREATE ROLE attach_other;
                GRANT hazecast_operator TO attach_owner, attach_other;
                CREATE SCHEMA mine AUTHORIZATION attach_owner;
                CREATE TABLE mine.t (site text, at timestamptz, x real, other point);
                ALTER TABLE mine.t OWNER TO attach_owner;
                CREATE TABLE mine.local (site text, at timestamp, x real);
                ALTER TABLE mine.local OWNER TO attach_owner;
                """)
            func refused(_ sql: String, as role: String, _ words: String) async throws {
                let connection = try await database.connect(as: role)
                let error = try await #require(throws: PostgresError.self) { try await connection.run(script: sql) }
                #expect(error.description.contains(words), "\(error)")
                await connection.close()
            }
            let attach = "SELECT hazecast.attach('mine.t', 'site', 'at', pm25 => 'x'"
            try await database.run("GRANT USAGE ON SCHEMA mine TO attach_other")
            try await refused(attach + ")", as: "attach_other", "GRANT SELECT ON mine.t TO attach_other")
            try await database.run("GRANT SELECT ON mine.t TO attach_other")
            try await refused(attach + ")", as: "attach_other", "attach it as its owner")
            try await refused(
                "SELECT hazecast.attach('hazecast.station', 'name', 'id', pm25 => 'id')", as: "attach_owner",
                "must be a table")
            try await refused(
                "SELECT hazecast.attach('mine.local', 'site', 'at', pm25 => 'x')", as: "attach_owner", "have no offset")
            try await refused(
                "SELECT hazecast.attach('mine.t', 'site', 'at', pm25 => 'y')", as: "attach_owner", "no column \"y\"")
            try await refused(
                "SELECT hazecast.attach('mine.t', 'other', 'at', pm25 => 'x')", as: "attach_owner", "of type point")
            try await refused(
                "SELECT hazecast.attach('mine.t', 'site', 'at')", as: "attach_owner", "at least one column")
            try await refused(
                attach + ", units => '{\"pm25\": \"ppm\"}')", as: "attach_owner", "is no unit of pm25")
            try await refused(attach + ", time_zone => 'Mars/Olympus')", as: "attach_owner", "is no time zone")
            try await refused(attach + ", step => '3 hours')", as: "attach_owner", "one second to one hour")
            try await refused(attach + ", station_name => 's')", as: "attach_owner", "say which station")
            try await refused("SELECT hazecast.detach('mine.t')", as: "attach_owner", "is not attached")
            try await refused(attach + ")", as: "hazecast_writer", "permission denied")

            let owner = try await database.connect(as: "attach_owner")
            try await owner.run(script: attach + ")")
            // The writer of the table needs nothing of ours.
            try await database.run(
                "CREATE ROLE attach_writer; GRANT USAGE ON SCHEMA mine TO attach_writer; GRANT INSERT ON mine.t TO attach_writer"
            )
            let writer = try await database.connect(as: "attach_writer")
            try await writer.run(script: "INSERT INTO mine.t VALUES ('a', '2025-01-05 07:00Z', 1)")
            try await database.settle()
            #expect(try await database.readings() == ["a 01-05 07 1"])
            try await owner.run(script: "SELECT hazecast.detach('mine.t')")
            await owner.close()
            await writer.close()
            try await database.run(
                "DROP SCHEMA mine CASCADE; DROP OWNED BY attach_owner, attach_other, attach_writer; DROP ROLE attach_owner, attach_other, attach_writer"
            )
        }
    }

    @Test func namesAreOnlyNames() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                #"""
                CREATE SCHEMA "a b";
                CREATE TABLE "a b"."it's; ""q"" %s $1" ("si te""" text, "at %I" timestamptz, "x; DROP TABLE hazecast.reading" real,
                    PRIMARY KEY ("si te""", "at %I"));
                SELECT hazecast.attach('"a b"."it''s; ""q"" %s $1"', 'si te"', 'at %I', pm25 => 'x; DROP TABLE hazecast.reading',
                    backfill => '10 years');
                INSERT INTO "a b"."it's; ""q"" %s $1" VALUES ('o''clock; %s', '2025-01-05 07:00Z', 1);
                """#)
            try await database.settle()
            #expect(try await database.readings() == ["o'clock; %s 01-05 07 1"])
            try await database.run(#"SELECT hazecast.detach('"a b"."it''s; ""q"" %s $1"')"#)
        }
    }

    @Test func rejectionsDoNotGrowWithoutBound() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at text, x real);
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x');
                INSERT INTO t SELECT 'a', 'nonsense ' || n, 1 FROM generate_series(1, 45000) AS n;
                """)
            try await database.settle()
            #expect(try await database.value("SELECT count(*) FROM hazecast.rejection", as: Int64.self) <= 20_001)
            #expect(
                try await database.value("SELECT rejected_rows FROM hazecast.attachments", as: Int64.self) == 45_000)
        }
    }

    // Names.

    @Test func aRenamedStationIsFoundByItsOldName() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamptz, x real);
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x');
                INSERT INTO t VALUES ('old', '2025-01-05 07:00Z', 1);
                """)
            try await database.settle()
            try await database.run(
                """
                UPDATE hazecast.station SET name = 'new';
                INSERT INTO hazecast.station_alias SELECT 'nick', id FROM hazecast.station;
                INSERT INTO t VALUES ('old', '2025-01-05 08:00Z', 2), ('nick', '2025-01-05 09:00Z', 3), ('new', '2025-01-05 10:00Z', 4);
                """)
            try await database.settle()
            #expect(
                try await database.readings() == [
                    "new 01-05 07 1", "new 01-05 08 2", "new 01-05 09 3", "new 01-05 10 4",
                ])
            try await database.run("SELECT hazecast.promote('chapter', 'old')")
            #expect(
                try await database.value(
                    "SELECT count(*) FROM hazecast.active_model WHERE station_id = 1", as: Int64.self) == 1)
            // A name of its own goes before an alias, and a station that takes its old name back needs none.
            try await database.run("UPDATE hazecast.station SET name = 'old'")
            #expect(
                try await database.column("SELECT name FROM hazecast.station_alias ORDER BY name") == ["new", "nick"])
        }
    }
}
