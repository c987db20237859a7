import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon
@testable import Forecast

/// Bands that adapt to the errors actually seen, and persistence where a model is no better.
@Suite struct LiveDayTests {
    private static let day = 24

    private static func operational() throws -> Model {
        try Model(json: Data(try #require(EmbeddedResources.models["operational.json"]).utf8))
    }

    /// Share of the observations inside the 80 % bands, over all leads and stations, as `hazecast.skill` says.
    private func coverage80(_ site: Site, _ hours: Range<UTCHour>) async throws -> Double {
        try await site.connection.query(
            "SELECT sum(coverage80 * n) / sum(n) FROM hazecast.skill($1, $2)",
            [hours.lowerBound.timestamp, hours.upperBound.timestamp]
        ).single().decode(Double.self, at: 0)
    }

    /// Twice as far from their mean over three days: hours change by twice as much, and so errors double.
    private func doubled(_ series: HourlySeries, _ hour: UTCHour) -> Measures {
        let around = (-36...36).map { series[hour.advanced(by: $0)].pm25 }.filter { !$0.isNaN }
        guard !around.isEmpty else { return series[hour] }
        let mean = around.reduce(0, +) / Float(around.count)
        var measures = series[hour]
        measures.pm25 = max(0, mean + 2 * (measures.pm25 - mean)).rounded()
        return measures
    }

    /// Months of different years at six places, as if they were one: weather that has nothing to do with each other's.
    private func months(_ count: Int, at begin: UTCHour) throws -> [HourlySeries] {
        let names = ["Aotizhongxin", "Changping", "Dingling", "Dongsi", "Guanyuan", "Gucheng"]
        let series = try names.map(LiveReplay.series)
        let first = try #require(UTCHour(year: 2013, month: 4, day: 1, hour: 0))
        return (0..<count).map { index in
            let own = first.advanced(by: index * (1340 / count) * Self.day)
            let month = series[index % names.count]
            return HourlySeries(
                start: month.start.advanced(by: own.distance(to: begin)), measures: month.measures)
        }
    }

    /// Thirty days of 24 stations whose errors double half way.
    @Test(.enabled(if: dataDirectory != nil, "needs HAZECAST_DATA_DIR"))
    func bandsAreBackTwoWeeksAfterErrorsHaveDoubled() async throws {
        let begin = try #require(UTCHour(year: 2016, month: 3, day: 1, hour: 0))
        let half = begin.advanced(by: 15 * Self.day)
        let end = begin.advanced(by: 30 * Self.day)
        try await Site.with { site in
            try await withDeadline(.seconds(300)) {
                var replay = try await LiveReplay(site)
                var series: [Int32: HourlySeries] = [:]
                for (index, month) in try months(24, at: begin).enumerated() {
                    series[try await replay.add("s\(index)", month, before: begin)] = month
                }
                try await replay.run(begin..<end) { station, hour, measures in
                    guard hour >= half, let own = series[station] else { return measures }
                    return doubled(own, hour)
                }
                let before = try await coverage80(site, half.advanced(by: -7 * Self.day)..<half)
                let first = try await coverage80(site, half..<half.advanced(by: 2 * Self.day))
                let second = try await coverage80(
                    site, half.advanced(by: 7 * Self.day)..<half.advanced(by: 14 * Self.day))
                #expect((0.75...0.85).contains(before))
                #expect(first < 0.7)
                #expect((0.75...0.85).contains(second))
                try await recomputes(replay, begin..<end)
            }
        }
    }

    /// Everything in `hazecast.live_day` follows from ledger and readings: worked out again, it is the same.
    private func recomputes(_ replay: LiveReplay, _ hours: Range<UTCHour>) async throws {
        let all = """
            SELECT string_agg(to_jsonb(d) - 'settled_at' #>> '{}', ' ' ORDER BY station_id, day) FROM hazecast.live_day AS d
            """
        let first = try await replay.site.text(all)
        let rows = try #require(Int(try await replay.site.text("SELECT count(*) FROM hazecast.live_day") ?? ""))
        // A month that begins with a gap has its first row later.
        #expect((24 * 28...24 * 30).contains(rows))
        try await replay.site.run("DELETE FROM hazecast.live_day")
        await replay.turns.connection.close()
        var turns = try await Turns(replay.site.conninfo)
        _ = try await turns.turn()
        for day in stride(from: hours.lowerBound, to: hours.upperBound, by: Self.day) {
            try await turns.settle(through: day)
        }
        #expect(try await replay.site.text(all) == first)
        await turns.connection.close()
    }

    /// Two weeks of a sensor that hardly moves, where it stays as it is and the model thinks otherwise, and then real air.
    @Test(.enabled(if: dataDirectory != nil, "needs HAZECAST_DATA_DIR"))
    func aStationWhoseModelIsNoBetterGetsPersistenceUntilItIs() async throws {
        let begin = try #require(UTCHour(year: 2015, month: 10, day: 1, hour: 0))
        try await Site.with { site in
            try await withDeadline(.seconds(300)) {
                var replay = try await LiveReplay(site)
                let series = try LiveReplay.series("Dongsi")
                // So that its real air is that of October as well.
                let later = HourlySeries(start: series.start.advanced(by: 18 * Self.day), measures: series.measures)
                let roof = try await replay.add("roof", later, before: begin)
                let healthy = try await replay.add("healthy", series, before: begin)
                func still(_ station: Int32, _ hour: UTCHour, _ measures: Measures) -> Measures {
                    guard station == roof else { return measures }
                    var still = measures
                    still.pm25 = 80 + Float((hour.hoursSinceEpoch &* 7_919 ^ 0x5A5) % 23 % 7)
                    return still
                }
                let state = """
                    SELECT concat_ws(' ', model, (SELECT DISTINCT model FROM hazecast.latest_forecast AS f WHERE f.station = name))
                    FROM hazecast.status WHERE name =
                    """
                var hour = begin.advanced(by: 10 * Self.day)
                try await replay.run(begin..<hour, changed: still)
                // Too early for a verdict over 21 days, but it misses by more than twice as much as persistence.
                #expect(try await site.text("\(state) 'roof'") == "persistence persistence")
                let early = try await site.text("SELECT verdict FROM hazecast.status WHERE name = 'roof'")
                #expect(early == "world misses by more than twice as much as persistence: persistence serves")
                try await replay.run(hour..<hour.advanced(by: 4 * Self.day), changed: still)
                hour = hour.advanced(by: 4 * Self.day)
                #expect(try await site.text("\(state) 'roof'") == "persistence persistence")
                #expect(try await site.text("\(state) 'healthy'") == "world world")
                let verdict = try #require(
                    try await site.text("SELECT verdict FROM hazecast.status WHERE name = 'roof'"))
                #expect(verdict.hasPrefix("mean skill of world -") && verdict.contains("persistence serves"))
                #expect(
                    try await site.text(
                        """
                        SELECT bool_and(pm25 = (SELECT pm25 FROM hazecast.reading WHERE station_id = \(roof)
                            AND observed_at = origin) AND lower95 <= lower80 AND lower80 < upper80 AND upper80 <= upper95)
                        FROM hazecast.latest_forecast WHERE station = 'roof'
                        """) == "true")

                // Whoever starts anew goes on with it.
                await replay.turns.connection.close()
                replay.turns = try await Turns(site.conninfo)
                try await replay.run(hour..<hour.advanced(by: 4 * Self.day), changed: still)
                hour = hour.advanced(by: 4 * Self.day)
                #expect(try await site.text("\(state) 'roof'") == "persistence persistence")
                let honest = try await site.text(
                    """
                    SELECT sum(coverage80 * n) / sum(n) BETWEEN .7 AND .95
                    FROM hazecast.skill(to_timestamp(\(hour.advanced(by: -3 * Self.day).secondsSinceEpoch)),
                        to_timestamp(\(hour.secondsSinceEpoch)), 'roof')
                    """)
                #expect(honest == "true")

                // It earns its place again: what it would have forecast is better than persistence.
                let change = hour
                while try await site.text("\(state) 'roof'") != "world world" {
                    try #require(change.distance(to: hour) < 28 * Self.day)
                    try await replay.run(hour..<hour.advanced(by: Self.day))
                    hour = hour.advanced(by: Self.day)
                }
                #expect(
                    try await site.text(
                        "SELECT count(DISTINCT since) FROM hazecast.live_day WHERE station_id = \(roof)") == "3")
                #expect(
                    try await site.text(
                        """
                        SELECT bool_or(persistence) FROM hazecast.live_day WHERE station_id = \(healthy)
                            AND day < (to_timestamp(\(change.secondsSinceEpoch)) AT TIME ZONE 'UTC')::date
                        """) == "false")
                await replay.turns.connection.close()
            }
        }
    }

    /// A model that was promoted is not judged by what was said of the one before.
    @Test(.enabled(if: dataDirectory != nil, "needs HAZECAST_DATA_DIR"))
    func rubbishIsReplacedByPersistenceAndThatByAnotherModel() async throws {
        let begin = try #require(UTCHour(year: 2015, month: 3, day: 1, hour: 0))
        try await Site.with { site in
            try await withDeadline(.seconds(300)) {
                let rubbish = try Self.operational().scaled(by: 4, name: "rubbish")
                try await site.connection.query(
                    "INSERT INTO hazecast.model (name, document) VALUES ('rubbish', $1::text::jsonb)",
                    [String(decoding: rubbish.json(), as: UTF8.self)])
                try await site.run("SELECT hazecast.promote('rubbish')")
                var replay = try await LiveReplay(site)
                try await replay.add("roof", try LiveReplay.series("Dongsi"), before: begin)
                var hour = begin.advanced(by: 14 * Self.day)
                try await replay.run(begin..<hour)
                let model = "SELECT model FROM hazecast.latest_forecast WHERE lead = 1"
                #expect(try await site.text(model) == "persistence")
                try await site.run("SELECT hazecast.promote('operational')")
                try await replay.run(hour..<hour.advanced(by: 1))
                hour = hour.advanced(by: 1)
                #expect(try await site.text(model) == "operational")
                #expect(try await site.text("SELECT verdict FROM hazecast.status WHERE name = 'roof'") == nil)
                try await replay.run(hour..<hour.advanced(by: 2 * Self.day))
                #expect(try await site.text(model) == "operational")
                await replay.turns.connection.close()
            }
        }
        try await Site.with { site in
            await #expect(throws: PostgresError.self) { try await site.run("SELECT hazecast.promote('persistence')") }
        }
    }

    /// The process itself: what was received yesterday is settled, and the next forecast's bands are wider for it.
    @Test func theDaemonSettlesYesterdayAndWidensBands() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let now = UTCHour(containing: Int64(Date().timeIntervalSince1970))
            let midnight = now.advanced(by: -now.hourOfDay)
            try await site.write(roof, now.advanced(by: -60)...now.advanced(by: -1))
            // Forecasts of yesterday that were all wrong, as its observations say.
            try await site.run(
                """
                UPDATE hazecast.reading SET received_at = observed_at + interval '30 min';
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80,
                    lower95, upper95, digest)
                SELECT \(roof), observed_at, 1, observed_at + interval '31 min', model_id, a, a, a, a, a, 0
                FROM hazecast.reading, hazecast.active_model, array_fill(900::real, ARRAY[24]) AS a
                WHERE observed_at BETWEEN to_timestamp(\(midnight.secondsSinceEpoch)) - interval '24 hours'
                    AND to_timestamp(\(midnight.secondsSinceEpoch)) - interval '1 hour';
                """)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.text("SELECT count(*) FROM hazecast.live_day") == "1" }
            #expect(
                try await site.text(
                    """
                    SELECT day = (to_timestamp(\(midnight.secondsSinceEpoch)) AT TIME ZONE 'UTC')::date - 1 AND n[1] > 20
                        AND outside80 = n AND factors80[1] > 1.3 AND factors95[1] > factors80[1] AND NOT persistence
                    FROM hazecast.live_day
                    """) == "true")
            try await site.write(roof, now)
            try await eventually { try await site.latest("roof")?.origin == now }
            let window = try #require(try await turnsWindow(site, roof))
            let state = try await site.connection.query(
                "SELECT memory, change_factors FROM hazecast.live_day WHERE station_id = $1", [roof]
            ).single()
            let memory = try state.decode([Float]?.self, at: 0).map(StationMemory.init(values:))
            let changeFactors = try state.decode([Float].self, at: 1)
            let world = try Model(json: Data(try #require(EmbeddedResources.models["world.json"]).utf8))
            let still = world.forecast([window], contexts: [StationContext(memory: memory)])[0]
                .changed { ChangeFactors.apply(changeFactors, to: $0, last: window.steps[Window.length - 1].pm25) }
            let factors = try #require(
                try await site.connection.query("SELECT factors80, factors95 FROM hazecast.live_day").first)
            let adapted = AdaptiveBands(
                factors80: try factors.decode([Float].self, at: 0), factors95: try factors.decode([Float].self, at: 1)
            ).applied(to: still)
            let issued = try await site.connection.query(
                "SELECT upper80, lower95 FROM hazecast.forecast_ledger WHERE station_id = $1 ORDER BY origin DESC LIMIT 1",
                [roof]
            ).single()
            #expect(try issued.decode([Float].self, at: 0) == adapted.bands?.upper80)
            #expect(try issued.decode([Float].self, at: 1) == adapted.bands?.lower95)
            #expect(adapted.bands?.upper80 != still.bands?.upper80)
            daemon.signal(SIGTERM)
            #expect(try await withDeadline(.seconds(10)) { await daemon.end() }.status == 0)
        }
    }

    /// The filled window of a station's newest reading.
    private func turnsWindow(_ site: Site, _ station: Int32) async throws -> Window? {
        var book = StationBook(rules: .standard)
        let now = UTCHour(containing: Int64(Date().timeIntervalSince1970))
        _ = try await WindowLoader.load([station], into: &book, now: now, on: site.connection)
        return try book.entries[station].map { try GapRule.fill($0.window).window }
    }

    /// A week is caught up in order, what was missed before it is left out, and nothing is settled twice.
    @Test func missedDaysAreCaughtUp() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let first = Site.noon.advanced(by: 12)
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            try await turns.settle(through: first)
            #expect(try await site.text("SELECT count(*) FROM hazecast.live_day") == "0", "nothing was issued")
            try await site.run(
                """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, received_at)
                SELECT \(roof), h, 50 + extract(hour FROM h)::integer % 2, h + interval '62 min' FROM generate_series(
                    to_timestamp(\(first.secondsSinceEpoch)), to_timestamp(\(first.secondsSinceEpoch)) + interval '20 days',
                    interval '1 hour') AS h;
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80,
                    lower95, upper95, digest)
                SELECT r.station_id, observed_at, 1, observed_at + interval '63 min', model_id, a, a, a, a, a, 0
                FROM hazecast.reading AS r, hazecast.active_model, array_fill(50.5::real, ARRAY[24]) AS a;
                """)
            try await turns.settle(through: first)
            try await turns.settle(through: first.advanced(by: 24))
            try await turns.settle(through: first.advanced(by: 24))
            let days = "SELECT string_agg(((day - '2014-06-29'))::text, ' ' ORDER BY day) FROM hazecast.live_day"
            let zero = try #require(
                Int(try await site.text("SELECT min(day) - '2014-06-29' FROM hazecast.live_day") ?? ""))
            func expected(_ days: [Int]) -> String { days.map { "\(zero + $0)" }.joined(separator: " ") }
            #expect(try await site.text(days) == expected([0, 1]))
            try await turns.settle(through: first.advanced(by: 12 * 24))
            #expect(try await site.text(days) == expected([0, 1] + Array(6...12)))
            #expect(try await site.text("SELECT bool_and(n[1] BETWEEN 22 AND 24) FROM hazecast.live_day") == "true")
            try await turns.settle(through: first.advanced(by: 100 * 24))
            #expect(try await site.text("SELECT count(*) FROM hazecast.live_day") == "\(7 + 3)", "90 days are kept")
            await turns.connection.close()
        }
    }
}
