import Forecast
import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

/// What the daemon makes of readings as stations really send them.
@Suite struct QualityTests {
    @Test func aStuckSensorIsFlaggedAndACorrectionTakesTheFlagsAway() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -60)...noon)
            _ = try await turns.turn()
            for hour in 1...14 {
                var stuck = Site.measures(noon.advanced(by: hour))
                stuck.pm25 = 40
                try await site.write(roof, noon.advanced(by: hour), stuck)
                #expect(try await turns.turn().forecasts == 1)
            }
            let flags = "SELECT string_agg(concat(measure, ' ', flag), ', ') FROM hazecast.reading_flag"
            #expect(try await site.text(flags) == "pm25 stuck, pm25 stuck")
            #expect(try await turns.restart().forecasts == 0)
            #expect(try await site.text(flags) == "pm25 stuck, pm25 stuck")
            // Before the window's own hours nothing changes what they are; in the middle of the run it ends it.
            var honest = Site.measures(noon.advanced(by: 7))
            honest.pm25 = 41
            try await site.write(roof, noon.advanced(by: 7), honest)
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text(flags) == nil)
        }
    }

    @Test func aSpikeIsKnownWhenTheNextHourHasCome() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -60)...noon)
            _ = try await turns.turn()
            var spike = Site.measures(noon.advanced(by: 1))
            spike.pm25 = 950
            try await site.write(roof, noon.advanced(by: 1), spike)
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text("SELECT count(*) FROM hazecast.reading_flag") == "0")
            try await site.write(roof, noon.advanced(by: 2))
            #expect(try await turns.turn().forecasts == 1)
            #expect(
                try await site.text("SELECT concat(observed_at, ' ', flag) FROM hazecast.reading_flag")
                    == "\(try await site.text("SELECT max(observed_at) - interval '1 hour' FROM hazecast.reading") ?? "") spike"
            )
            #expect(try await turns.restart().forecasts == 0)
        }
    }

    /// What instruments say instead of a measurement is none; each station may have its own codes.
    @Test(arguments: [Float(985), 999, 999.9, 1999.9, 4999, 5000]) func errorCodesAreNoMeasurements(code: Float)
        async throws
    {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let yard = try await site.addStation("yard")
            try await site.run(
                "INSERT INTO hazecast.station_error_codes (station_id, codes) VALUES (\(yard), '{777}')")
            var turns = try await Turns(site.conninfo)
            for station in [roof, yard] {
                try await site.write(station, noon.advanced(by: -60)...noon)
                for (hour, value) in [(1, code), (2, 777)] {
                    var measures = Site.measures(noon.advanced(by: hour))
                    measures.pm25 = value
                    try await site.write(station, noon.advanced(by: hour), measures)
                }
            }
            let flags = """
                SELECT string_agg(concat_ws(' ',
                    name, extract(hour FROM observed_at AT TIME ZONE 'UTC'), measure, flag), ', ' ORDER BY name)
                FROM hazecast.reading_flag JOIN hazecast.station ON id = station_id WHERE flag = 'error_code'
                """
            for _ in 1...2 {
                _ = try await turns.turn()
                #expect(try await site.text(flags) == "roof 13 pm25 error_code, yard 14 pm25 error_code")
                _ = try await turns.restart()
            }
            let series = try #require(try await StationHistory.series(of: roof, on: site.connection))
            #expect(!series.measures.contains { $0.pm25 == code })
            try await site.run("DELETE FROM hazecast.station_error_codes")
            _ = try await turns.turn()
            #expect(try await site.text(flags) == "roof 13 pm25 error_code, yard 13 pm25 error_code")
        }
    }

    /// Settings take effect at once and for all windows, and say the same to training.
    @Test func settingsAreReadWhenTheyChange() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -60)...noon)
            _ = try await turns.turn()
            #expect(try await QualityRules.load(on: site.connection) == .standard)
            try await site.run(
                "UPDATE hazecast.quality_rule SET highest = 60 WHERE flag = 'out_of_range' AND measure = 'pm25'")
            #expect(try await turns.turn().hadWork)
            let above = try await site.text(
                "SELECT count(*) FROM hazecast.reading WHERE pm25 > 60 AND observed_at > (SELECT max(observed_at) - interval '30 hours' FROM hazecast.reading)"
            )
            #expect(try await site.text("SELECT count(*) FROM hazecast.reading_flag") == above && above != "0")
            let series = try #require(try await StationHistory.series(of: roof, on: site.connection))
            #expect(series.measures.allSatisfy { !($0.pm25 > 60) })
            try await site.run(
                "UPDATE hazecast.quality_rule SET highest = 5000 WHERE measure = 'pm25' AND flag = 'out_of_range'")
            _ = try await turns.turn()
            #expect(try await site.text("SELECT count(*) FROM hazecast.reading_flag") == "0")
        }
    }

    /// A clock that is eight hours ahead: its readings wait, are not used when their hour comes, and are when corrected.
    @Test func aReadingReceivedLongBeforeItsHourIsNoReading() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let now = UTCHour(containing: Int64(Date().timeIntervalSince1970))
            try await site.write(roof, now.advanced(by: -60)...now.advanced(by: -1))
            try await site.write(roof, now)
            try await site.run(
                "UPDATE hazecast.reading SET received_at = observed_at - interval '8 hours' WHERE observed_at = (SELECT max(observed_at) FROM hazecast.reading)"
            )
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            #expect(
                try await site.text("SELECT concat(measure, ' ', flag) FROM hazecast.reading_flag")
                    == "observed_at clock_jump")
            try await site.write(roof, now)
            _ = try await turns.turn()
            #expect(try await site.text("SELECT count(*) FROM hazecast.reading_flag") == "0")
        }
    }

    /// A week of Beijing with hours left out, sent twice, out of order, up to 12 hours late and wrong at first ends like the
    /// week that came as it should.
    @Test(.enabled(if: dataDirectory != nil, "needs HAZECAST_DATA_DIR"), arguments: [UInt64(1), 2])
    func aWeekOfTroubleEndsAsTheCleanWeek(seed: UInt64) async throws {
        let file = try requireDataDirectory().appending(path: "beijing-pm25-2010-2014.csv").path
        let series = try HourlySeries.reading(file, as: .named("uci-beijing")).series
        let begin = try #require(UTCHour(year: 2013, month: 1, day: 10, hour: 0))
        let week = begin..<begin.advanced(by: 7 * 24)
        try await Site.with { site in
            let clean = try await site.addStation("clean")
            let troubled = try await site.addStation("troubled")
            var turns = try await Turns(site.conninfo)
            for station in [clean, troubled] {
                for hour in begin.advanced(by: -60)..<begin { try await site.write(station, hour, series[hour]) }
            }
            _ = try await turns.turn()
            var random = SeededGenerator(seed: seed)
            var late: [(due: Int, hour: UTCHour)] = []
            var mend: [UTCHour] = []
            for (step, hour) in week.enumerated() {
                try await site.write(clean, hour, series[hour])
                var sent = late.filter { $0.due <= step }.map(\.hour)
                late.removeAll { $0.due <= step }
                switch Int.random(in: 0..<10, using: &random) {
                case 0: mend.append(hour)
                case 1: sent += [hour, hour]
                case 2, 3: late.append((step + Int.random(in: 1...12, using: &random), hour))
                case 4:
                    var wrong = series[hour]
                    wrong.pm25 = [-999, 40, 985, .infinity].randomElement(using: &random) ?? 0
                    try await site.write(troubled, hour, wrong)
                    mend.append(hour)
                default: sent.append(hour)
                }
                for hour in sent.shuffled(using: &random) { try await site.write(troubled, hour, series[hour]) }
                _ = try await turns.turn()
            }
            for hour in (mend + late.map(\.hour)).shuffled(using: &random) {
                try await site.write(troubled, hour, series[hour])
                if Bool.random(using: &random) { _ = try await turns.turn() }
            }
            _ = try await turns.turn()
            let book = try #require(turns.book)
            let windows = try [clean, troubled].map { try GapRule.fill(try #require(book.entries[$0]).window).window }
            #expect(windows[0].origin == week.upperBound.advanced(by: -1))
            #expect(windows[0].digest == windows[1].digest && windows[0].origin == windows[1].origin)
            #expect(
                try await site.text(
                    """
                    SELECT count(*) FROM hazecast.latest_forecast AS a JOIN hazecast.latest_forecast AS b USING (origin, lead)
                    WHERE a.station = 'clean' AND b.station = 'troubled' AND a.pm25 = b.pm25
                        AND a.lower80 IS NOT DISTINCT FROM b.lower80 AND a.upper95 IS NOT DISTINCT FROM b.upper95
                    """) == "24")
            let revisions = "SELECT count(*) FROM hazecast.forecast_ledger WHERE revision > 1 AND station_id ="
            #expect(try await site.text("\(revisions) \(clean)") == "0")
            #expect(Int(try await site.text("\(revisions) \(troubled)") ?? "") ?? 0 > 10)
            #expect(
                try await site.text(
                    """
                    SELECT count(*) FROM hazecast.reading_flag
                    WHERE observed_at > (SELECT max(observed_at) - interval '30 hours' FROM hazecast.reading)
                    """) == "0")
            #expect(try await turns.restart().forecasts == 0)
            let scored = try await site.text(
                "SELECT count(*) FROM hazecast.skill('2013-01-10 00:00Z', '2013-01-17 00:00Z')")
            #expect(scored == "48")
            try await SkillTests.expectPythonAgrees(
                site.conninfo, "timestamptz '2013-01-10 00:00Z'", "timestamptz '2013-01-17 00:00Z'")
        }
    }

    /// Ten thousand rows of every kind of nonsense, written as writers may, between the readings of stations that mean well, before
    /// the daemon itself.
    @Test func nonsenseIsRefusedOrExplainedAndGoodReadingsAreForecast() async throws {
        try await Site.with { site in
            try await site.run("INSERT INTO hazecast.station (name) SELECT 's' || g FROM generate_series(1, 20) AS g")
            for station in Int32(1)...20 { try await site.write(station, noon.advanced(by: -60)...noon) }
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            let waiting = "SELECT count(*) FROM hazecast.arrival"
            try await eventually {
                try await site.text("SELECT count(*) FROM hazecast.latest_forecast") == "\(20 * 24)"
            }
            var random = SeededGenerator(seed: 5)
            func any(_ values: [String]) -> String { values.randomElement(using: &random) ?? "NULL" }
            let values = [
                "NULL", "'NaN'", "'Infinity'", "'-Infinity'", "1e-45", "-1e-45", "3.4e38", "-3.4e38", "1e39", "-0.0",
                "0", "-1",
                "65535", "-999", "40", "1020", "'12 µg'", "''", "5000", "5000.5", "360", "360.1", "true", "now()",
            ]
            let stamps = [
                "NULL", "'infinity'", "'-infinity'", "'4713-01-01 00:00Z BC'", "'4714-11-24 00:00Z BC'",
                "'294276-12-31 23:00Z'", "'294277-01-01 00:00Z'", "'1970-01-01 00:00Z'", "'1999-12-31 23:00Z'",
                "'2014-01-01 00:30Z'", "'2014-01-01 00:00+05:30'", "'some day'", "''", "'2014-02-30 00:00Z'",
                "date_trunc('hour', now()) + interval '5 hours'",
            ]
            let stations = ["0", "-1", "21", "2147483647", "2147483648", "NULL", "'roof'", "'1.5'"]
            var (refused, rows) = (0, 0)
            var good: [(Int32, UTCHour)] = []
            let writer = try await Connection.connect(site.conninfo, applicationName: "writer")
            try await writer.run(script: "SET ROLE hazecast_writer")
            for step in 1...500 {
                let hour = noon.advanced(by: step)
                for station in Int32(1)...20 {
                    let stamp = "to_timestamp(\(hour.secondsSinceEpoch))"
                    let m = Site.measures(hour)
                    var fields = [
                        "\(station)", stamp, "\(m.pm25)", "\(m.dewPoint)", "\(m.temperature)", "\(m.pressure)",
                        "\(m.windDirection)", "\(m.windSpeed)",
                    ]
                    // Never more in a row than the gap rule bridges.
                    let isGood = (step + Int(station)) % 3 == 0
                    if !isGood {
                        switch Int.random(in: 0..<10, using: &random) {
                        case 0: fields[0] = any(stations)
                        case 1, 2: fields[1] = any(stamps)
                        default:
                            for _ in 0...Int.random(in: 0...2, using: &random) {
                                fields[Int.random(in: 2..<8, using: &random)] = any(values)
                            }
                        }
                    } else {
                        good.append((station, hour))
                    }
                    rows += 1
                    do {
                        try await writer.run(
                            script: """
                                INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure,
                                    wind_direction, wind_speed) VALUES (\(fields.joined(separator: ", ")))
                                """)
                    } catch {
                        #expect(!isGood)
                        refused += 1
                    }
                }
                // A forecast is of the newest hour only, and a queue that is stuck stays as it is.
                try await eventually { try await site.text(waiting) == "0" }
            }
            await writer.close()
            #expect(rows == 10_000 && refused > 500 && refused < 5_000)
            #expect(!daemon.hasEnded && !daemon.standardError.contains(" ERROR "))
            daemon.signal(SIGTERM)
            #expect(try await withDeadline(.seconds(10)) { await daemon.end() }.status == 0)
            for (station, hour) in good {
                #expect(
                    try await site.text(
                        "SELECT EXISTS (SELECT FROM hazecast.forecast_ledger WHERE station_id = \(station) AND origin = to_timestamp(\(hour.secondsSinceEpoch)))"
                    ) == "true", "station \(station) at \(hour)")
            }
            // Whatever is wrong with a row that was taken is in the flags, and nothing else is.
            let expected = """
                SELECT station_id, observed_at, measure, CASE
                    WHEN value IN ('NaN', 'Infinity', '-Infinity') THEN 'not_finite'
                    WHEN value < 0 AND lowest IN (0, -10) THEN 'negative' ELSE 'out_of_range' END
                FROM hazecast.reading, LATERAL (VALUES
                    ('pm25', pm25, -10, 5000), ('dew_point', dew_point, -100, 50), ('temperature', temperature, -100, 70),
                    ('pressure', pressure, 300, 1100), ('wind_direction', wind_direction, 0, 360),
                    ('wind_speed', wind_speed, 0, 150)) AS v (measure, value, lowest, highest)
                WHERE NOT value BETWEEN lowest AND highest
                UNION ALL SELECT station_id, observed_at, 'pm25', 'error_code' FROM hazecast.reading
                WHERE pm25 = ANY ((SELECT codes FROM hazecast.quality_rule WHERE flag = 'error_code')::real[])
                UNION ALL SELECT station_id, observed_at, 'observed_at', 'before_2000' FROM hazecast.reading
                WHERE observed_at < '2000-01-01 00:00Z'
                UNION ALL SELECT station_id, observed_at, 'observed_at', unnest(ARRAY['future', 'clock_jump'])
                FROM hazecast.reading WHERE observed_at > now() + interval '1 hour'
                """
            let actual = "SELECT * FROM hazecast.reading_flag WHERE flag NOT IN ('spike', 'stuck', 'duplicate')"
            for (left, right) in [(expected, actual), (actual, expected)] {
                #expect(
                    try await site.text(
                        "SELECT string_agg(x::text, ' ') FROM (SELECT * FROM ((\(left)) EXCEPT (\(right))) AS y LIMIT 5) AS x"
                    )
                        == nil)
            }
            #expect(
                try await site.text(
                    "SELECT bool_or('NaN' = ANY(pm25) OR 'Infinity' = ANY(pm25)) FROM hazecast.forecast_ledger")
                    == "false")
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 0)
            await turns.connection.close()
        }
    }
}
