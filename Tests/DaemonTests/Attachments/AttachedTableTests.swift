import Forecast
import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

/// The daemon and tables that its users have already.
@Suite struct AttachedTableTests {
    /// What an hour's mean has to be, in numbers that both ways represent exactly.
    private static func mean(_ hour: UTCHour) -> Measures {
        let phase = Float(hour.hoursSinceEpoch % 24)
        return Measures(
            pm25: 40 + phase * 2.5, dewPoint: -3 - phase * 0.25, temperature: 5 + phase * 0.5,
            pressure: 1020 + phase * 0.125,
            windDirection: 45, windSpeed: 2.5)
    }

    /// Six rows of an hour as the plant's logger has them: local time, °F, km/h, kPa; in one statement or six.
    private static func log(_ hours: ClosedRange<UTCHour>, to site: Site, atOnce: Bool) async throws {
        var rows: [String] = []
        for hour in hours {
            let mean = mean(hour)
            for (slot, offset) in [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5].enumerated() {
                let celsius = Double(mean.temperature) + offset
                let dew = Double(mean.dewPoint) + offset / 2
                rows.append(
                    """
                    ('roof', to_timestamp(\(hour.secondsSinceEpoch + Int64(slot) * 600)) AT TIME ZONE 'Asia/Kolkata',
                        \(Double(mean.pm25) + offset * 4), \(dew * 9 / 5 + 32), \(celsius * 9 / 5 + 32),
                        \(Double(mean.pressure) / 10), 'NE', \((2.5 + offset / 5) * 3.6))
                    """)
            }
        }
        for statement in atOnce ? [rows.joined(separator: ",")] : rows {
            try await site.run("INSERT INTO plant.log VALUES \(statement)")
        }
    }

    private static let table = """
        CREATE SCHEMA plant;
        CREATE TABLE plant.log (site_code text, ts timestamp, pm2_5 float8, dew_f float8, temp_f float8, press_kpa float8,
            wind text, wind_kmh float8, PRIMARY KEY (site_code, ts));
        """
    private static let attach = """
        SELECT hazecast.attach('plant.log', station => 'site_code', observed_at => 'ts', pm25 => 'pm2_5',
            dew_point => 'dew_f', temperature => 'temp_f', pressure => 'press_kpa', wind_direction => 'wind',
            wind_speed => 'wind_kmh', time_zone => 'Asia/Kolkata', step => '10 minutes', backfill => '100 years',
            units => '{"dew_point": "F", "temperature": "F", "pressure": "kPa", "wind_speed": "km/h"}')
        """

    @Test func anAttachedTableGivesTheLedgerOfTheSameRowsInserted() async throws {
        var attached: [String] = []
        try await Site.with { site in
            try await site.run(Self.table)
            let database = MigratedDatabase(conninfo: site.conninfo, owner: site.connection)
            func schema() async throws -> [Substring] {
                // What psql is restricted with is drawn anew for each dump.
                try await database.program("pg_dump", ["--schema=plant"]).split(separator: "\n").filter {
                    !$0.contains("restrict ")
                }
            }
            let before = try await schema()
            #expect(before.contains { $0.contains("CREATE TABLE plant.log") })
            try await Self.log(noon.advanced(by: -29)...noon, to: site, atOnce: true)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            #expect(await daemon.hasWritten(toStandardError: "serving"))
            try await site.run(Self.attach)
            try await eventually { try await site.latest("roof")?.origin == noon }
            for hour in 1...3 {
                try await Self.log(noon.advanced(by: hour)...noon.advanced(by: hour), to: site, atOnce: false)
                try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: hour) }
            }
            // A correction of one row, of the hour before.
            try await site.run(
                "UPDATE plant.log SET pm2_5 = pm2_5 + 60 WHERE ts = (SELECT max(ts) FROM plant.log) - interval '1 hour'"
            )
            try await eventually { try await site.latest("roof")?.revision == 2 }
            attached = try await site.ledger()
            #expect(try await site.text("SELECT count(*) FROM hazecast.rejection") == "0")
            #expect(try await site.text("SELECT count(*) FROM hazecast.attachment_hour") == "0")

            let content = try await site.text("SELECT md5(string_agg(log::text, '|' ORDER BY ts)) FROM plant.log")
            try await site.run("SELECT hazecast.detach('plant.log')")
            #expect(try await site.text("SELECT md5(string_agg(log::text, '|' ORDER BY ts)) FROM plant.log") == content)
            try await site.run("TRUNCATE plant.log")
            #expect(try await schema() == before)
        }
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await site.connection.withTransaction {
                for hour in noon.advanced(by: -29)...noon { try await site.write(roof, hour, Self.mean(hour)) }
            }
            try await eventually { try await site.latest("roof")?.origin == noon }
            for hour in 1...3 {
                try await site.write(roof, noon.advanced(by: hour), Self.mean(noon.advanced(by: hour)))
                try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: hour) }
            }
            var corrected = Self.mean(noon.advanced(by: 2))
            corrected.pm25 += 10
            try await site.write(roof, noon.advanced(by: 2), corrected)
            try await eventually { try await site.latest("roof")?.revision == 2 }
            #expect(try await site.ledger() == attached)
        }
    }

    /// A row of nonsense, and what has to become of it.
    private struct Fuzzed {
        var station: String?
        var time: String?
        var pm25: String
        var isGood = false
    }

    private static func fuzz(_ count: Int, typed: Bool, _ random: inout SeededGenerator) -> [Fuzzed] {
        let stations = (0..<20).map { "\(typed ? "typed" : "text") \($0) é'\"%s\\" }
        let nonsense = [
            "", " ", "NaN", "now", "tomorrow", "epoch", "'; DROP TABLE hazecast.reading; --", "\\N", "null", "🌫️",
            "1e999", "-",
            "2025-02-29 00:00", "2025-13-01T00:00", "2025-01-01 24:00", "0000-00-00", "2025-01-01 00:00:60", "12:00",
            "%s%n", "\u{1}",
            String(repeating: "x", count: 5000), "2025-01-01T00:00+99:00", "١٢", "0x1F", "1_000", "--1", "1.2.3", "٣",
        ]
        let times = [
            "infinity", "-infinity", "294276-12-31 23:59:59+00", "4713-01-01 00:00:00+00 BC", "1969-12-31 23:00:00+00",
            "2999-01-01 00:00:00+00", "0001-01-01 00:00:00+00", "12025-01-01 00:00:00+00",
        ]
        let numbers = ["NaN", "Infinity", "-Infinity"]
        return (0..<count).map { index in
            // An hour of its own for every row, so that each can be found again.
            let hour = noon.advanced(by: index)
            var row = Fuzzed(
                station: stations.randomElement(using: &random), time: "\(hour)", pm25: "\(index % 500)", isGood: true)
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                row.time =
                    typed || Bool.random(using: &random)
                    ? times.randomElement(using: &random) : nonsense.randomElement(using: &random)
                row.isGood = false
            case 1:
                row.time = nil
                row.isGood = false
            case 2:
                row.station =
                    [nil, "", "  ", "\t ", String(repeating: "s", count: 201 + index)].randomElement(using: &random)
                    ?? nil
                // Tabs are not blanks to PostgreSQL's btrim: they are a strange name.
                if row.station == "\t " { row.station = " " }
                row.isGood = false
            case 3:
                row.pm25 =
                    typed
                    ? numbers.randomElement(using: &random) ?? ""
                    : "not \(nonsense.randomElement(using: &random) ?? "")"
                row.isGood = false
            case 4: row.pm25 = ["1e30", "-1e-30", "1e-99", "-999999999"].randomElement(using: &random) ?? ""
            default: break
            }
            return row
        }
    }

    /// Ten thousand rows: no crash, no stuck queue, every rejected row explained, every good row arrives.
    @Test func nonsenseIsExplainedAndGoodRowsArrive() async throws {
        var random = SeededGenerator(seed: 10_000)
        try await Site.with { site in
            try await site.run(
                """
                CREATE TABLE text_rows (site text, at text, pm25 text, good boolean);
                CREATE TABLE typed_rows (site varchar, at timestamptz, pm25 float8, good boolean);
                CREATE INDEX ON text_rows (site, at COLLATE "C");
                CREATE INDEX ON typed_rows (site, at);
                SELECT hazecast.attach('text_rows', 'site', 'at', pm25 => 'pm25');
                SELECT hazecast.attach('typed_rows', 'site', 'at', pm25 => 'pm25');
                """)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            #expect(await daemon.hasWritten(toStandardError: "serving"))
            for table in ["text_rows", "typed_rows"] {
                let rows = Self.fuzz(5_000, typed: table == "typed_rows", &random)
                for part in stride(from: 0, to: rows.count, by: 500) {
                    let part = rows[part..<part + 500]
                    let time = table == "text_rows" ? "text" : "timestamptz"
                    let number = table == "text_rows" ? "text" : "float8"
                    try await site.connection.query(
                        """
                        INSERT INTO \(table)
                        SELECT nullif(a, 'NULL'), nullif(b, 'NULL')::\(time), c::\(number), d::boolean
                        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS row (a, b, c, d)
                        """,
                        [
                            part.map { $0.station ?? "NULL" }, part.map { $0.time ?? "NULL" }, part.map(\.pm25),
                            part.map { "\($0.isGood)" },
                        ])
                }
            }
            try await eventually(within: .seconds(50)) {
                try await site.text(
                    """
                    SELECT NOT EXISTS (SELECT FROM hazecast.attachment_change) AND NOT EXISTS (SELECT FROM hazecast.attachment_hour)
                        AND NOT EXISTS (SELECT FROM hazecast.arrival)
                    """) == "true"
            }
            for table in ["text_rows", "typed_rows"] {
                let attachment = "(SELECT id FROM hazecast.attachments WHERE source = 'public.\(table)')"
                let lost = try await site.text(
                    """
                    SELECT count(*) FROM \(table) AS row WHERE good AND NOT EXISTS (
                        SELECT FROM hazecast.reading JOIN hazecast.station ON id = station_id
                        WHERE name = row.site AND observed_at = row.at::timestamptz
                            AND abs(reading.pm25 - row.pm25::float8) <= abs(row.pm25::float8) * 1e-6 + 1e-20
                    )
                    """)
                #expect(lost == "0", "\(table)")
                let unexplained = try await site.text(
                    """
                    SELECT count(*) FROM \(table) AS row WHERE NOT good AND NOT EXISTS (
                        SELECT FROM hazecast.rejection
                        WHERE attachment = \(attachment) AND station IS NOT DISTINCT FROM left(row.site, 100)
                            AND (observed IS NOT DISTINCT FROM left(row.at::text, 100)
                                OR CASE WHEN row.at::text ~ '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:00Z$'
                                    THEN observed = replace(left(row.at::text, 13), 'T', ' ') || ':00:00+00' END)
                    )
                    """)
                #expect(unexplained == "0", "\(table)")
                let counts = try await site.text(
                    """
                    SELECT count(*) FILTER (WHERE good) || ' ' || count(*) FILTER (WHERE NOT good) = (
                        SELECT readings - (SELECT count(*) FROM hazecast.rejection
                            WHERE attachment = \(attachment) AND reason = 'pm25 is not a finite number') || ' ' || rejected_rows
                        FROM hazecast.attachments WHERE id = \(attachment)
                    ) FROM \(table)
                    """)
                #expect(counts == "true", "\(table): nothing else is rejected, and nothing twice")
            }
            #expect(try await site.text("SELECT count(*) FROM hazecast.attachments WHERE error IS NOT NULL") == "0")
            daemon.signal(SIGTERM)
            #expect(try await withDeadline(.seconds(10)) { await daemon.end() }.status == 0)
        }
    }
}
