import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon
@testable import Forecast

private let noon = Site.noon

/// Stations that are nothing like Beijing, by the model that serves.
@Suite struct AnywhereTests {
    /// Least and greatest value of a column over a station's newest forecast.
    private func range(_ column: String, _ station: String, _ site: Site) async throws -> (least: Float, most: Float) {
        let row = try await site.connection.query(
            "SELECT min(\(column)), max(\(column)) FROM hazecast.latest_forecast WHERE station = $1", [station]
        ).single()
        return (try row.decode(Float.self, at: 0), try row.decode(Float.self, at: 1))
    }

    /// Model, basis and reason; that the station is silent by now is no reason of its forecast.
    private func state(_ station: String, _ site: Site) async throws -> String? {
        let columns = "concat_ws(' ', model, basis, CASE WHEN reason NOT LIKE 'silent since %' THEN reason END)"
        return try await site.text("SELECT \(columns) FROM hazecast.status WHERE name = '\(station)'")
    }

    @Test(arguments: [UInt64(1), 2, 3]) func cleanAirIsForecastAsCleanAir(seed: UInt64) async throws {
        try await Site.with { site in
            var random = SeededGenerator(seed: seed)
            let (oslo, denver, clean) = (
                try await site.addStation("Oslo"), try await site.addStation("Denver"),
                try await site.addStation("Clean")
            )
            for back in 0..<30 {
                let hour = noon.advanced(by: -back)
                let steady = Float.random(in: 7.7...8.3, using: &random)
                try await site.write(oslo, hour, Measures(pm25: steady))
                try await site.write(denver, hour, Measures(pm25: steady, temperature: 5, pressure: 835))
                try await site.write(clean, hour, Measures(pm25: .random(in: 0...0.4, using: &random)))
            }
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 3)
            for name in ["Oslo", "Denver"] {
                let pm25 = try await range("pm25", name, site)
                #expect(pm25.least > 4 && pm25.most < 14, "\(name), seed \(seed): \(pm25)")
                #expect(try await range("upper95", name, site).most < 60, "\(name), seed \(seed)")
            }
            #expect(try await range("pm25", "Clean", site).most < 5, "seed \(seed)")
            #expect(try await state("Oslo", site) == "world full")
        }
    }

    @Test func aSensorThatStandsStillIsServedByPersistenceAndStatusSaysWhy() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            for back in 0..<30 { try await site.write(roof, noon.advanced(by: -back), Measures(pm25: 17.5)) }
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 1)
            let reason = "persistence serves: pm25 has been the same for too long (stuck)"
            #expect(try await state("roof", site) == "persistence persistence \(reason)")
            let pm25 = try await range("pm25", "roof", site)
            #expect(pm25 == (17.5, 17.5))
            #expect(try await range("lower80", "roof", site).most < 17.5)
            // The same in memory and after a restart.
            try await site.write(roof, noon.advanced(by: 1), Measures(pm25: 17.5))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await turns.restart().forecasts == 0)
            // Once it moves, the model serves again.
            try await site.write(roof, noon.advanced(by: 2), Measures(pm25: 19))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await state("roof", site)?.hasPrefix("world ") == true)
        }
    }

    @Test func threeHoursAndAWindowThatLostSixAreEnough() async throws {
        try await Site.with { site in
            let (new, torn) = (try await site.addStation("new"), try await site.addStation("torn"))
            for back in 0..<3 { try await site.write(new, noon.advanced(by: -back), Measures(pm25: 12 + Float(back))) }
            for back in 0..<30 where !(9..<15).contains(back) {
                try await site.write(torn, noon.advanced(by: -back), Measures(pm25: 12 + Float(back % 5)))
            }
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 2)
            for name in ["new", "torn"] {
                #expect(try await state(name, site) == "world partial")
                #expect(
                    try await site.text(
                        """
                        SELECT bool_and(0 <= lower95 AND lower95 <= lower80 AND lower80 < pm25 AND pm25 < upper80
                            AND upper80 <= upper95) FROM hazecast.latest_forecast WHERE station = '\(name)'
                        """) == "true")
            }
        }
    }

    /// Reference monitors at clean sites report small negatives: they stay as sent and are 0 to whatever reads them.
    @Test func smallNegativesAreCleanHours() async throws {
        try await Site.with { site in
            let (sent, zero) = (try await site.addStation("sent"), try await site.addStation("zero"))
            for back in 0..<30 {
                let value: Float = back % 3 == 0 ? -3 : Float(back % 4)
                try await site.write(sent, noon.advanced(by: -back), Measures(pm25: value))
                try await site.write(zero, noon.advanced(by: -back), Measures(pm25: max(0, value)))
            }
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 2)
            #expect(
                try await site.text(
                    """
                    SELECT count(*) FROM hazecast.latest_forecast AS a JOIN hazecast.latest_forecast AS b USING (lead)
                    WHERE a.station = 'sent' AND b.station = 'zero' AND a.pm25 = b.pm25 AND a.upper95 = b.upper95
                    """) == "24")
            #expect(try await site.text("SELECT count(*) FROM hazecast.reading_flag") == "0")
            #expect(try await site.text("SELECT min(pm25) FROM hazecast.reading") == "-3")
            #expect(try await site.text("SELECT min(pm25) FROM hazecast.observation") == "0")
            // Scored as 0 as well.
            #expect(
                try await site.text(
                    "SELECT bool_and(persistence = 0) FROM hazecast.forecast_vs_observed WHERE station = 'sent'")
                    == "true")
            try await site.write(sent, noon.advanced(by: 1), Measures(pm25: -10.5))
            #expect(try await turns.turn().forecasts == 0)
            #expect(try await site.text("SELECT flag FROM hazecast.reading_flag") == "negative")
        }
    }

    /// What a forecast rests on is settled with its origin: midnight, restart and another daemon change nothing.
    @Test func aSettledDayTakesEffectAtTheNextOriginAndRevisionsKeepTheirs() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -24 * 6)...noon)
            let yesterday = noon.advanced(by: -36)
            let rests = """
                SELECT string_agg(
                    concat_ws(' ', revision, coalesce(settled_day::text, 'none')), ', ' ORDER BY origin, revision)
                FROM hazecast.forecast_ledger
                """
            func correct(_ hour: UTCHour, by difference: Float) async throws {
                var measures = Site.measures(hour)
                measures.pm25 += difference
                try await site.write(roof, hour, measures)
            }
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 1)
            try await turns.settle(through: yesterday)
            #expect(try await site.text("SELECT memory IS NOT NULL FROM hazecast.live_day") == "true")
            #expect(try await turns.turn() == Turn.Result())
            #expect(try await turns.restart().forecasts == 0)
            // Revision 1 rested on no day, and so does revision 2.
            try await correct(noon, by: 30)
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text(rests) == "1 none, 2 none")
            try await site.write(roof, noon.advanced(by: 1))
            #expect(try await turns.turn().forecasts == 1)
            let day = try #require(try await site.text("SELECT day FROM hazecast.live_day"))
            #expect(try await site.text(rests) == "1 none, 2 none, 1 \(day)")

            // Another day is settled, another daemon takes over, and a correction comes.
            try await turns.settle(through: yesterday.advanced(by: 24))
            #expect(try await site.text("SELECT count(*) FROM hazecast.live_day") == "2")
            await turns.connection.close()
            turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 0)
            try await correct(noon.advanced(by: 1), by: 20)
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text(rests) == "1 none, 2 none, 1 \(day), 2 \(day)")
            #expect(try await turns.restart().forecasts == 0)

            // A late reading changes no day that is settled.
            let sums = "SELECT string_agg(d::text, ' ' ORDER BY day) FROM hazecast.day_sums AS d"
            let before = try await site.text(sums)
            try await correct(noon.advanced(by: -70), by: 300)
            _ = try await turns.turn()
            try await turns.settle(through: yesterday.advanced(by: 24))
            #expect(try await site.text(sums) == before)

            // A sensor that was replaced begins anew.
            try await site.run("SELECT hazecast.forget('roof', '\(noon.advanced(by: 1))')")
            #expect(try await turns.turn().forecasts == 0)
            try await site.write(roof, noon.advanced(by: 2))
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.text("\(rests) WHERE origin = '\(noon.advanced(by: 2))'") == "1 none")
        }
    }

    /// The readings of these tests end years ago: to them the server's clock is ahead.
    @Test func aClockThatIsAheadSettlesNoDayThatHasNotBeen() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -24 * 6)...noon)
            var turns = try await Turns(site.conninfo)
            #expect(try await turns.turn().forecasts == 1)
            try await turns.settle(through: noon.advanced(by: -36))
            let days = "SELECT string_agg(day::text, ' ') FROM hazecast.live_day"
            let settled = try await site.text(days)
            try await turns.settleByTheClock()
            #expect(try await site.text(days) == settled)
        }
    }

    /// The days up to the last one that has a reading after it; what a daemon that was away has missed is in the memory too.
    @Test func aDayIsSettledOnceAReadingCameAfterIt() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let now = UTCHour(
                timestamp: try await site.connection.query("SELECT now()").single()
                    .decode(PostgresTimestamp.self, at: 0).microsecondsSince2000)
            let today = now.advanced(by: -Int(now.hoursSinceEpoch % 24))
            try await site.write(roof, today.advanced(by: -24 * 40)...today.advanced(by: -24 * 20))
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            try await turns.settle(through: today.advanced(by: -24 * 21))
            try await site.write(roof, today.advanced(by: -24 * 20)...today.advanced(by: -24 * 2))
            _ = try await turns.turn()
            try await turns.settleByTheClock()
            #expect(
                try await site.text("SELECT max(day) = (now() AT TIME ZONE 'UTC')::date - 3 FROM hazecast.live_day")
                    == "true")
            #expect(
                try await site.text(
                    """
                    SELECT count(*) FROM hazecast.day_sums
                    WHERE hours = 24 AND day BETWEEN (now() AT TIME ZONE 'UTC')::date - 32
                        AND (now() AT TIME ZONE 'UTC')::date - 3
                    """) == "30")
        }
    }
}
