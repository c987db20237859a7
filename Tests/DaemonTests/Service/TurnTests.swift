import Forecast
import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

@Suite struct TurnTests {
    @Test func theFirstReadingGivesAForecastAndEachHourTheNext() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 0)
            let basis = "SELECT DISTINCT basis FROM hazecast.latest_forecast"
            try await site.write(roof, noon.advanced(by: -23))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text(basis) == "persistence")
            #expect(
                try await site.text("SELECT reason FROM hazecast.station_outage")
                    == "persistence serves: 1 of the last 24 hours have pm25, a model needs 3")
            try await site.write(roof, noon.advanced(by: -22)...noon.advanced(by: -1))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text(basis) == "partial")
            try await site.write(roof, noon)
            #expect(try await turns.turn() == Turn.Result(hadWork: true, readings: 1, forecasts: 1, newestOrigin: noon))
            #expect(try await site.text(basis) == "full")
            #expect(try await site.text("SELECT count(*) FROM hazecast.station_outage") == "0")
            try await site.write(roof, noon.advanced(by: 1))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.latest("roof")?.origin == noon.advanced(by: 1))
            #expect(try await turns.turn() == Turn.Result())
        }
    }

    @Test func yearsOfHistoryIssueOneForecastAStation() async throws {
        try await Site.with { site in
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            for name in ["a", "b", "c"] { try await site.addStation(name) }
            try await site.run(
                """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_speed)
                SELECT id, h, 10 + extract(hour FROM h), 1, 5, 1010, 2 FROM hazecast.station,
                    generate_series('2013-01-01 00:00Z'::timestamptz, '2014-03-31 23:00Z', '1 hour') AS h
                """)
            let result = try await turns.turn()
            #expect(result.readings == 3 * 455 * 24)
            #expect(result.forecasts == 3)
            #expect(
                try await site.text("SELECT string_agg(DISTINCT origin::text, ',') FROM hazecast.forecast_ledger")
                    == "2014-03-31 23:00:00+00")
        }
    }

    @Test func lateAndCorrectedReadingsIssueARevisionAndTheOldOneStays() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -30)...noon)
            #expect(try await turns.turn().forecasts == 1)
            let first = try await site.latest("roof")

            var corrected = Site.measures(noon)
            corrected.pm25 += 30
            try await site.write(roof, noon, corrected)
            #expect(try await turns.turn().forecasts == 1)
            let second = try await site.latest("roof")
            #expect(second?.origin == noon && second?.revision == 2 && second?.pm25 != first?.pm25)
            #expect(try await site.ledger().count == 2)

            // The same values again, and a correction that no window can see, are not news.
            try await site.write(roof, noon, corrected)
            try await site.write(roof, noon.advanced(by: -30), corrected)
            #expect(try await turns.turn() == Turn.Result(hadWork: true, readings: 2, forecasts: 0, loaded: 1))
        }
    }

    @Test func aGapMakesAPartialForecastAndTooFewHoursOneByPersistence() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            #expect(try await turns.turn().forecasts == 1)
            // These readings are of long ago.
            let state = """
                SELECT concat_ws(' ', model, basis, CASE WHEN reason NOT LIKE 'silent since %' THEN reason END)
                FROM hazecast.status WHERE name = 'roof'
                """
            #expect(try await site.text(state) == "world full")
            try await site.write(roof, noon.advanced(by: 5))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text(state) == "world partial")
            // A late reading makes another window.
            try await site.write(roof, noon.advanced(by: 2))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.latest("roof")?.revision == 2)
            try await site.write(roof, noon.advanced(by: 40)...noon.advanced(by: 41))
            #expect(try await turns.turn().forecasts == 1)
            let reason = "persistence serves: 2 of the last 24 hours have pm25, a model needs 3"
            #expect(try await site.text(state) == "persistence persistence \(reason)")
            #expect(
                try await site.text(
                    """
                    SELECT bool_and(model = 'persistence' AND basis = 'persistence' AND 0 <= lower95
                        AND lower95 <= lower80 AND lower80 < pm25 AND pm25 < upper80 AND upper80 <= upper95)
                    FROM hazecast.latest_forecast
                    """) == "true")
            try await site.write(roof, noon.advanced(by: 42))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text(state) == "world partial")
        }
    }

    @Test func absurdValuesAreFlaggedKeptAsSentAndLeftOut() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            _ = try await turns.turn()
            var absurd = Site.measures(noon.advanced(by: 1))
            absurd.pm25 = 10_000_000
            absurd.pressure = .infinity
            try await site.write(roof, noon.advanced(by: 1), absurd)
            #expect(try await turns.turn().forecasts == 0, "no origin without a pm25")
            #expect(
                try await site.text(
                    "SELECT string_agg(concat(measure, ' ', flag), ', ' ORDER BY measure) FROM hazecast.reading_flag")
                    == "pm25 out_of_range, pressure not_finite")
            #expect(try await site.text("SELECT max(pm25) FROM hazecast.reading") == "1e+07")
            #expect(
                try await site.text("SELECT reason FROM hazecast.status WHERE name = 'roof'")
                    == "no forecast: the newest reading has no pm25 that passed quality control")
            #expect(try await turns.restart().forecasts == 0)
            // Left out means missing: the next forecast is that of a reading without these values.
            try await site.write(roof, noon.advanced(by: 2))
            #expect(try await turns.turn().forecasts == 1)
            let withFlags = try await site.latest("roof")
            absurd.pm25 = .nan
            absurd.pressure = .nan
            try await site.write(roof, noon.advanced(by: 1), absurd)
            #expect(try await turns.turn().forecasts == 0)
            #expect(try await site.latest("roof")?.pm25 == withFlags?.pm25)
            #expect(try await site.text("SELECT count(*) FROM hazecast.reading_flag") == "0")
        }
    }

    @Test func aFlagThatWasCommittedAfterTheCorrectionGoesAtTheNextTurn() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            // As a turn leaves it that read the reading before the correction that waits now.
            try await site.run(
                "INSERT INTO hazecast.reading_flag SELECT station_id, observed_at, 'pm25', 'negative' FROM hazecast.reading"
            )
            _ = try await turns.turn()
            #expect(try await site.text("SELECT count(*) FROM hazecast.reading_flag") == "0")
        }
    }

    @Test func readingsFrom1970AndFromTheFutureAdvanceNothing() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            _ = try await turns.turn()
            try await site.run(
                """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25) VALUES (\(roof), '1970-01-01 00:00Z', 5),
                    (\(roof), date_trunc('hour', now()) + interval '2 hours', 5), (\(roof), '9999-01-01 00:00Z', 5)
                """)
            #expect(try await turns.turn() == Turn.Result(hadWork: true, readings: 3, forecasts: 0))
            #expect(try await site.latest("roof")?.origin == noon)
            #expect(
                try await site.text(
                    "SELECT string_agg(flag, ' ' ORDER BY observed_at, flag) FROM hazecast.reading_flag")
                    == "before_2000 future clock_jump future")
            #expect(try await turns.restart().forecasts == 0)
        }
    }

    @Test func theOperationalModelServesWithBandsAndKnowsTheStationsClock() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let yard = try await site.addStation("yard")
            try await site.run(
                """
                UPDATE hazecast.station SET longitude = CASE name WHEN 'roof' THEN 116.5 ELSE -60 END;
                UPDATE hazecast.active_model SET model_id = (SELECT id FROM hazecast.model WHERE name = 'operational')
                """)
            for station in [roof, yard] { try await site.write(station, noon.advanced(by: -29)...noon) }
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 2)
            #expect(
                try await site.text(
                    """
                    SELECT bool_and(0 <= lower95 AND lower95 <= lower80 AND lower80 < upper80 AND upper80 <= upper95)
                    FROM hazecast.latest_forecast WHERE model = 'operational'
                    """) == "true")
            // The same air twelve hours apart on the clock is another forecast.
            #expect(try await site.latest("roof")?.pm25 != site.latest("yard")?.pm25)
        }
    }

    /// As single-row writers leave it behind after an outage.
    @Test func aBacklogOfManyTransactionsIsWorkedOffInSteps() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            try await site.run(
                "INSERT INTO hazecast.arrival (written_by) SELECT g::text::xid8 FROM generate_series(4000000000, 4000024999) AS g"
            )
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text("SELECT count(*) FROM hazecast.arrival") == "15001")
            #expect(try await turns.turn().hadWork)
            #expect(try await turns.turn().hadWork)
            #expect(try await turns.turn() == Turn.Result())
        }
    }

    /// Arrivals of now keep the look for their readings to the hours around now; one of long ago opens it to all.
    @Test(arguments: [1, 40])
    func readingsOfNowAndOfLongAgoAreFoundTogether(stations count: Int) async throws {
        try await Site.with { site in
            let now = UTCHour(containing: Int64(Date().timeIntervalSince1970))
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            for number in 0..<count { _ = try await site.addStation("now \(number)") }
            try await site.run("INSERT INTO hazecast.station (name) VALUES ('then')")
            func insert(_ stations: String, _ last: UTCHour) -> String {
                """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_speed)
                SELECT id, h, 20 + extract(hour FROM h), 1, 5, 1010, 2 FROM hazecast.station,
                    generate_series('\(last)'::timestamptz - interval '29 hours', '\(last)', '1 hour') AS h
                WHERE name LIKE '\(stations)'
                """
            }
            try await site.run(insert("now %", now))
            #expect(try await turns.turn().forecasts == count)
            try await site.run(insert("then", noon))
            try await site.run("UPDATE hazecast.reading SET pm25 = 90 WHERE observed_at = '\(now)'")
            let both = try await turns.turn()
            #expect(both.readings == 30 + count)
            #expect(both.forecasts == 1 + count)
            #expect(try await turns.restart().forecasts == 0)
        }
    }

    /// By the index of the writers in every partition, whatever the planner knows of its rows when it plans.
    @Test(arguments: ["", "VACUUM ANALYZE hazecast.reading"])
    func aClaimReadsNoOtherReadingsThanItsOwn(statistics: String) async throws {
        try await Site.with { site in
            var turns = try await Turns(site.conninfo)
            let write = """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_speed)
                SELECT id, h, 20 + extract(hour FROM h), 1, 5, 1010, 2 FROM hazecast.station, generate_series(
                    date_trunc('hour', now()) - interval '99 hours', date_trunc('hour', now()), '1 hour') AS h
                """
            try await turns.connection.run(script: ForecastService.planning)
            if !statistics.isEmpty { try await site.run(statistics) }
            _ = try await turns.turn()
            try await site.run("INSERT INTO hazecast.station (name) SELECT 's' || g FROM generate_series(1, 200) AS g")
            try await site.run(write)
            _ = try await turns.turn()
            var read: [Int] = []
            for pm25 in 30..<33 {
                try await site.run(
                    """
                    UPDATE hazecast.reading SET pm25 = \(pm25)
                    WHERE station_id = (SELECT min(id) FROM hazecast.station) AND observed_at = date_trunc('hour', now())
                    """)
                #expect(try await turns.turn().readings == 1)
                try await turns.connection.query("SELECT pg_stat_force_next_flush()")
                let entries = try await site.text(
                    "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname LIKE 'reading\\_2%'")
                read.append(try #require(entries.flatMap { Int($0) }))
            }
            #expect(read[2] - read[1] < 200, "of 20,000")
        }
    }

    @Test func moreRowsThanMemoryShouldHoldAreReadInBatches() async throws {
        try await Site.with { site in
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            try await site.run("INSERT INTO hazecast.station (name) SELECT 's' || g FROM generate_series(1, 900) AS g")
            try await site.run(
                """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_speed)
                SELECT id, h, 20 + extract(hour FROM h), 1, 5, 1010, 2 FROM hazecast.station,
                    generate_series('2014-03-30 00:00Z'::timestamptz, '2014-03-31 05:00Z', '1 hour') AS h
                """)
            let result = try await turns.turn()
            #expect(result.readings == 900 * 30)
            #expect(result.forecasts == 900)
        }
    }

    /// A restart knows the first of several readings from the future; each that becomes due makes the next one known.
    @Test func everyReadingFromTheFutureIsLookedAtWhenDue() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let now = UTCHour(containing: Int64(Date().timeIntervalSince1970))
            try await site.write(roof, now.advanced(by: -29)...now.advanced(by: 4))
            let connection = try await Connection.connect(site.conninfo, applicationName: "test")
            var book = StationBook(rules: .standard)
            try await WindowLoader.postponeFuture(of: [roof], into: &book, now: now, on: connection)
            #expect(book.takeDue(now: now.advanced(by: 1)) == [roof])
            try await WindowLoader.postponeFuture(of: [roof], into: &book, now: now.advanced(by: 1), on: connection)
            #expect(!book.hasDue(now: now.advanced(by: 1)))
            #expect(book.takeDue(now: now.advanced(by: 2)) == [roof])
            await connection.close()
        }
    }

    @Test func whoeverLostTheLockHasLostItsTransaction() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            try await turns.connection.query("SELECT pg_advisory_unlock_all()")
            await #expect(throws: DaemonError.self) { _ = try await turns.turn() }
            #expect(try await site.text("SELECT count(*) FROM hazecast.arrival") == "1")
            #expect(try await site.ledger().isEmpty)
        }
    }

    /// Whatever happens to readings, and whenever turns are taken, the windows in memory never differ from the database:
    /// a daemon that starts afterwards and compares everything finds nothing to do.
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func anyOrderGapsRepeatsAndCorrectionsEndInTheSameForecasts(seed: UInt64) async throws {
        try await Site.with { site in
            var random = SeededGenerator(seed: seed)
            var stations: [Int32] = []
            for name in ["a", "b", "c"] { stations.append(try await site.addStation(name)) }
            var turns = try await Turns(site.conninfo)
            for step in 0..<150 {
                let station = stations[Int.random(in: 0..<3, using: &random)]
                let hour = noon.advanced(
                    by: step / 2 - Int.random(in: 0...Int.random(in: 0...34, using: &random), using: &random))
                var measures = Site.measures(hour)
                if Int.random(in: 0..<6, using: &random) == 0 { measures.pm25 = .nan }
                if Int.random(in: 0..<8, using: &random) == 0 { measures.pm25 = -4 }
                if Int.random(in: 0..<8, using: &random) == 0 { measures.pm25 = -40 }
                switch Int.random(in: 0..<40, using: &random) {
                case 0:
                    try await site.run("DELETE FROM hazecast.reading WHERE station_id = \(station) AND random() < 0.1")
                case 1: try await site.run("TRUNCATE hazecast.arrival")
                case 2: try await site.write(station, hour...hour.advanced(by: 30))
                default: try await site.write(station, hour, measures)
                }
                if Bool.random(using: &random) { _ = try await turns.turn() }
            }
            _ = try await turns.turn()
            #expect(try await turns.restart().forecasts == 0)
            #expect(
                try await site.text(
                    "SELECT count(*) FROM (SELECT FROM hazecast.forecast_ledger GROUP BY station_id, origin HAVING max(revision) <> count(*)) AS x"
                )
                    == "0")
        }
    }
}
