import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

extension MigratedDatabase {
    /// Settles attached tables until nothing is due, as the daemon does.
    ///
    /// - Parameter at: the present, as SQL.
    func settle(at: String = "clock_timestamp()") async throws {
        var upkeep = AttachmentUpkeep()
        while try await value(
            "SELECT EXISTS (SELECT FROM hazecast.attachment WHERE hazecast.attachment_is_due(attachment, \(at)))")
        {
            let now = try await value("SELECT \(at)", as: PostgresTimestamp.self)
            _ = try await upkeep.settle(on: owner, reader: AttachedReader(conninfo: conninfo), at: now)
        }
    }

    /// What came of it, a line a reading: station, UTC hour and the measures that are asked for.
    func readings(_ measures: String = "pm25") async throws -> [String] {
        try await column(
            """
            SELECT concat_ws(' ', name, to_char(observed_at AT TIME ZONE 'UTC', 'MM-DD HH24'), \(measures))
            FROM hazecast.reading JOIN hazecast.station ON id = station_id ORDER BY name, observed_at
            """)
    }

    /// A line a rejection.
    func rejections() async throws -> [String] {
        try await column(
            """
            SELECT concat_ws('|', coalesce(station, 'NULL'), coalesce(observed, 'NULL'), reason, rows) AS line
            FROM hazecast.rejection ORDER BY line
            """)
    }
}

/// Tables that users have already, as a source of readings.
struct SchemaAttachTests {
    /// A column as its user has it, and what becomes of its value.
    struct Conversion {
        let measure: String
        let type: String
        let value: String
        var unit: String?
        /// To three digits; nil where nothing must come of it.
        let expected: String?
        var isRejected = false
    }

    private static let conversions = [
        Conversion(measure: "temperature", type: "real", value: "212", unit: "F", expected: "100.000"),
        Conversion(measure: "temperature", type: "integer", value: "-40", unit: "°F", expected: "-40.000"),
        Conversion(measure: "temperature", type: "numeric", value: "273.15", unit: "K", expected: "0.000"),
        Conversion(measure: "dew_point", type: "real", value: "14", unit: "F", expected: "-10.000"),
        Conversion(measure: "temperature", type: "text", value: "' 21.5 '", expected: "21.500"),
        Conversion(measure: "pressure", type: "integer", value: "101325", unit: "Pa", expected: "1013.250"),
        Conversion(measure: "pressure", type: "float8", value: "101.3", unit: "kPa", expected: "1013.000"),
        Conversion(measure: "pressure", type: "numeric", value: "29.92", unit: "inHg", expected: "1013.210"),
        Conversion(measure: "pressure", type: "numeric", value: "760", unit: "mmHg", expected: "1013.250"),
        Conversion(measure: "wind_speed", type: "real", value: "36", unit: "km/h", expected: "10.000"),
        Conversion(measure: "wind_speed", type: "real", value: "10", unit: "mph", expected: "4.470"),
        Conversion(measure: "wind_speed", type: "smallint", value: "10", unit: "knots", expected: "5.144"),
        Conversion(measure: "wind_direction", type: "text", value: "'NNE'", expected: "22.500"),
        Conversion(measure: "wind_direction", type: "varchar(4)", value: "' nnw'", expected: "337.500"),
        Conversion(measure: "wind_direction", type: "char(5)", value: "'N'", expected: "0.000"),
        Conversion(measure: "wind_direction", type: "text", value: "'270'", expected: "270.000"),
        Conversion(measure: "wind_direction", type: "text", value: "'Calm'", expected: nil),
        Conversion(measure: "wind_direction", type: "text", value: "'NNN'", expected: nil, isRejected: true),
        Conversion(measure: "pm25", type: "numeric", value: "0.05", unit: "mg/m3", expected: "50.000"),
        Conversion(measure: "pm25", type: "text", value: "'1.2e2'", expected: "120.000"),
        Conversion(measure: "pm25", type: "text", value: "'NA'", expected: nil),
        Conversion(measure: "pm25", type: "text", value: "''", expected: nil),
        Conversion(measure: "pm25", type: "text", value: "'12,5'", expected: nil, isRejected: true),
        Conversion(measure: "pm25", type: "text", value: "repeat('9', 2000)", expected: nil, isRejected: true),
        Conversion(measure: "pm25", type: "numeric", value: "1e400", expected: nil, isRejected: true),
        Conversion(measure: "pm25", type: "numeric", value: "'NaN'", expected: nil, isRejected: true),
        Conversion(measure: "pm25", type: "float8", value: "'-Infinity'", expected: nil, isRejected: true),
        Conversion(measure: "pm25", type: "float8", value: "1e-300", expected: "0.000"),
        // Quality control's to judge, as it would be inserted directly.
        Conversion(measure: "pm25", type: "real", value: "-999", expected: "-999.000"),
        Conversion(measure: "pm25", type: "real", value: "NULL", expected: nil),
    ]

    @Test func unitsAndTypesAreConverted() async throws {
        try await MigratedDatabase.with { database in
            for (number, one) in Self.conversions.enumerated() {
                let units = one.unit.map { "{\"\(one.measure)\": \"\($0)\"}" } ?? "{}"
                try await database.run(
                    """
                    CREATE TABLE t\(number) (at timestamptz, x \(one.type));
                    SELECT hazecast.attach('t\(number)', observed_at => 'at', \(one.measure) => 'x',
                        station_name => 's\(number)', units => '\(units)');
                    INSERT INTO t\(number) VALUES ('2025-01-05 07:00Z', \(one.value));
                    """)
            }
            try await database.settle()
            for (number, one) in Self.conversions.enumerated() {
                let got = try await database.value(
                    """
                    SELECT round(\(one.measure)::numeric, 3)::text FROM hazecast.reading
                    WHERE station_id = (SELECT id FROM hazecast.station WHERE name = 's\(number)')
                    """, as: String?.self)
                #expect(got == one.expected, "\(one)")
                let rejected = try await database.value(
                    "SELECT count(*) FROM hazecast.rejection WHERE station = 's\(number)'", as: Int64.self)
                #expect(rejected == (one.isRejected ? 1 : 0), "\(one)")
            }
        }
    }

    @Test func windAndDewPointComeFromWhatTheyDependOn() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE vane (at timestamptz PRIMARY KEY, u real, v real);
                SELECT hazecast.attach('vane', observed_at => 'at', wind_u => 'u', wind_v => 'v', station_name => 'vane');
                INSERT INTO vane VALUES ('2025-01-05 00:00Z', -3, -4), ('2025-01-05 01:00Z', 0, 0), ('2025-01-05 02:00Z', 5, 0);
                CREATE TABLE moist (at timestamptz PRIMARY KEY, t real, rh real);
                SELECT hazecast.attach('moist', observed_at => 'at', temperature => 't', humidity => 'rh',
                    station_name => 'moist', units => '{"temperature": "F"}');
                INSERT INTO moist VALUES ('2025-01-05 00:00Z', 68, 50), ('2025-01-05 01:00Z', 68, 100),
                    ('2025-01-05 02:00Z', 68, 0), ('2025-01-05 03:00Z', 68, NULL);
                CREATE TABLE purple (at timestamptz PRIMARY KEY, cf real, rh real);
                SELECT hazecast.attach('purple', observed_at => 'at', pm25 => 'cf', humidity => 'rh',
                    station_name => 'purple', correction => 'purpleair');
                INSERT INTO purple VALUES ('2025-01-05 00:00Z', 100, 50), ('2025-01-05 01:00Z', 570, 50),
                    ('2025-01-05 02:00Z', 0, 100), ('2025-01-05 03:00Z', 10, NULL);
                """)
            try await database.settle()
            let measures = [
                "pm25", "dew_point", "wind_direction", "wind_speed",
            ].map { "coalesce(round(\($0)::numeric, 2)::text, '-')" }.joined(separator: ", ")
            #expect(
                try await database.readings(measures) == [
                    // Td = 243.12 g / (17.62 - g), g = ln 0.5 + 17.62 * 20 / 263.12 = 0.64616.
                    "moist 01-05 00 - 9.26 - -", "moist 01-05 01 - 20.00 - -", "moist 01-05 02 - - - -",
                    "moist 01-05 03 - - - -",
                    // 0.524 * 100 - 0.0862 * 50 + 5.75; the formula ends at 570 and is never negative.
                    "purple 01-05 00 53.84 - - -", "purple 01-05 01 - - - -", "purple 01-05 02 0.00 - - -",
                    "purple 01-05 03 - - - -",
                    "vane 01-05 00 - - 36.87 5.00", "vane 01-05 01 - - - 0.00", "vane 01-05 02 - - 270.00 5.00",
                ])
            #expect(
                try await database.rejections() == [
                    "moist|2025-01-05 02:00:00+00|humidity is outside of 0.1 to 105 %|1",
                    "purple|2025-01-05 01:00:00+00|pm25 is outside of 0 to 570, where the correction holds|1",
                    "purple|2025-01-05 03:00:00+00|no humidity of 0 to 100 % to correct pm25 by|1",
                ])
        }
    }

    /// A time as its user has it; all of them mean 07:00Z on 5 January or 5 July.
    private static let times: [(type: String, value: String, options: String)] = [
        ("timestamptz", "'2025-01-05 12:30+05:30'", ""),
        ("timestamp", "'2025-01-05 12:30'", "time_zone => 'Asia/Kolkata'"),
        ("timestamp", "'2025-01-05 12:30'", "time_zone => '+05:30'"),
        ("timestamp(0)", "'2025-01-05 03:30'", "time_zone => '-0330'"),
        ("timestamp", "'2025-01-05 08:00'", "time_zone => 'Europe/Berlin'"),
        ("timestamp", "'2025-07-05 09:00'", "time_zone => 'Europe/Berlin'"),
        ("text", "'2025-01-05T12:30:00+0530'", "time_zone => 'Europe/Berlin'"),
        ("varchar", "'2025-07-05 09:00'", "time_zone => 'Europe/Berlin'"),
        ("text", "'2025-01-05 07:00:00.000Z'", "time_zone => 'Europe/Berlin'"),
        ("bigint", "extract(epoch FROM timestamptz '2025-01-05 07:00Z')", ""),
        ("integer", "extract(epoch FROM timestamptz '2025-01-05 07:00Z')", ""),
        (
            "bigint", "extract(epoch FROM timestamptz '2025-01-05 07:00Z') * 1000",
            "units => '{\"observed_at\": \"ms\"}'"
        ),
        ("numeric", "extract(epoch FROM timestamptz '2025-01-05 07:00Z')", ""),
        ("float8", "extract(epoch FROM timestamptz '2025-01-05 07:00Z') * 1e6", "units => '{\"observed_at\": \"us\"}'"),
        ("date", "'2025-01-05'", "time_zone => '-07'"),
        ("timestamptz", "'2025-01-05 08:00Z'", "stamps => 'end'"),
        // Clocks are never quite right.
        ("timestamptz", "'2025-01-05 07:00:03Z'", ""),
        ("timestamptz", "'2025-01-05 06:59:58Z'", ""),
        ("timestamptz", "'2025-01-05 08:00:03Z'", "stamps => 'end'"),
    ]

    @Test func timesOfEveryTypeAndClockAreHours() async throws {
        try await MigratedDatabase.with { database in
            for (number, one) in Self.times.enumerated() {
                try await database.run(
                    """
                    CREATE TABLE t\(number) (site integer, at \(one.type), x real, PRIMARY KEY (site, at));
                    SELECT hazecast.attach('t\(number)', 'site', 'at', pm25 => 'x'\(one.options.isEmpty ? "" : ", ")\(one.options));
                    INSERT INTO t\(number) VALUES (\(number), \(one.value), \(number));
                    """)
            }
            try await database.settle()
            for (number, one) in Self.times.enumerated() {
                let hours = try await database.column(
                    """
                    SELECT to_char(observed_at AT TIME ZONE 'UTC', 'DD HH24:MI') FROM hazecast.reading
                    WHERE pm25 = \(number) AND station_id = (SELECT id FROM hazecast.station WHERE name = '\(number)')
                    """)
                #expect(hours == ["05 07:00"], "\(one)")
            }
            #expect(try await database.rejections() == [])
        }
    }

    @Test func aClockThatChangesIsExplained() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (site text, at timestamp, x real);
                SELECT hazecast.attach('t', 'site', 'at', pm25 => 'x', time_zone => 'Europe/Berlin');
                INSERT INTO t SELECT 'autumn', '2025-10-26 00:00'::timestamp + n * interval '1 hour', n
                FROM generate_series(0, 4) AS n;
                INSERT INTO t SELECT 'spring', '2025-03-30 00:00'::timestamp + n * interval '1 hour', n
                FROM generate_series(0, 4) AS n;
                """)
            try await database.settle()
            #expect(
                try await database.readings() == [
                    "autumn 10-25 22 0", "autumn 10-25 23 1", "autumn 10-26 02 3", "autumn 10-26 03 4",
                    "spring 03-29 23 0", "spring 03-30 00 1", "spring 03-30 01 3", "spring 03-30 02 4",
                ])
            #expect(
                try await database.rejections() == [
                    "autumn|2025-10-26 02:00:00|the clock of Europe/Berlin shows this time twice: a time with an offset, or timestamptz, would tell which|1",
                    "spring|2025-03-30 02:00:00|the clock of Europe/Berlin never shows this time: it is put forward over it|1",
                ])
        }
    }

    /// Rows of half past one to half past two are half of two hours.
    @Test func hourlyRowsOfAHalfHourZoneAreSharedOut() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE t (at timestamp, x real);
                SELECT hazecast.attach('t', observed_at => 'at', pm25 => 'x', station_name => 's', time_zone => 'Asia/Kolkata');
                INSERT INTO t VALUES ('2025-01-05 12:00', 10), ('2025-01-05 13:00', 20), ('2025-01-05 14:00', 40);
                """)
            try await database.settle()
            #expect(try await database.readings() == ["s 01-05 07 15", "s 01-05 08 30"])
            try await database.settle(at: "now() + interval '11 minutes'")
            #expect(
                try await database.rejections() == [
                    "s|2025-01-05 06:00:00+00|rows of 50 % of the hour: it takes 75 %|1",
                    "s|2025-01-05 09:00:00+00|rows of 50 % of the hour: it takes 75 %|1",
                ])
        }
    }

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
