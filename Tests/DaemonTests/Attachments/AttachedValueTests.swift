import Postgres
import TestSupport
import Testing

/// What becomes of the values and times of attached tables, from the table to the reading.
struct AttachedValueTests {
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
}
