import Testing

@testable import Forecast

@Suite struct WorldBacktestTests {
    /// Two stations of one country, one of another, and one that is too short to count.
    private static let stations = [
        ("a1", "AA", 24 * 70), ("a2", "AA", 24 * 90), ("b1", "BB", 24 * 75), ("b2", "BB", 24 * 40),
    ].enumerated().map { index, station in
        WorldStation(
            id: station.0, country: station.1, series: someStation(hours: station.2, seed: UInt64(index + 1)))
    }

    private func backtest(workers: Int = 1) throws -> WorldBacktest {
        let model = try someWorld(hidden: [4, 4], members: 1)
        return WorldBacktest(Self.stations, StationBacktest.Options(), workers: workers) { _ in model }
    }

    @Test func countriesCountAlikeWhateverTheirStations() throws {
        let backtest = try backtest()
        #expect(backtest.stations.map(\.station.id) == ["a1", "a2", "b1", "b2"])
        #expect(backtest.counted.map(\.station.id) == ["a1", "a2", "b1"])
        let hours = backtest.stations.map { Double($0.persistence[0].n) }
        let countries = backtest.byCountry { Double($0.persistence[0].n) }
        #expect(countries == ["AA": (hours[0] + hours[1]) / 2, "BB": hours[2]])
        #expect(backtest.mean { Double($0.persistence[0].n) } == ((hours[0] + hours[1]) / 2 + hours[2]) / 2)
    }

    @Test func workersShareTheStationsAndChangeNothing() throws {
        // A share of nothing is NaN, which equals nothing; written out it is null.
        #expect(try backtest(workers: 1).json.line == backtest(workers: 3).json.line)
    }

    private func members(_ json: JSONValue?) -> [String: JSONValue] {
        guard case .object(let members) = json else { return [:] }
        return members
    }

    @Test func theJSONNamesEverything() throws {
        let backtest = try backtest()
        let json = members(backtest.json)
        #expect(
            json.keys.sorted() == [
                "adapted", "countries", "mean_skill", "protocol", "stations", "stations_below_zero", "worst",
            ])
        #expect(json["protocol"] == .string("live"))
        let skill = { (station: StationBacktest) in station.meanSkill(station.model.leads) }
        #expect(json["mean_skill"] == .number(backtest.mean(skill)))
        let worst = backtest.counted.map(skill).min()
        #expect(json["worst"] == .string(backtest.counted.first { skill($0) == worst }?.station.id ?? ""))
        #expect(json["stations_below_zero"] == .number(backtest.counted.count { skill($0) < 0 }))
        #expect(
            members(json["countries"]).mapValues(members)
                == backtest.byCountry(skill).mapValues {
                    ["mean_skill": .number($0)]
                })
        let adapted = members(json["adapted"])
        #expect(adapted.keys.sorted() == ["countries", "mean_skill", "stations_below_zero", "worst"])
        #expect(adapted["mean_skill"] == .number(backtest.mean { $0.meanSkill($0.adapted.leads) }))
        guard case .array(let stations) = json["stations"] else {
            Issue.record("no stations")
            return
        }
        #expect(stations.map { members($0)["counted"] } == [.bool(true), .bool(true), .bool(true), .bool(false)])
        let first = members(stations[0])
        #expect(
            first.keys.sorted() == [
                "adapted", "climatology", "counted", "country", "id", "leads", "mean_skill", "n", "persistence",
            ])
        #expect(members(first["adapted"]).keys.sorted() == ["leads", "mean_skill"])
        for part in [first["leads"], members(first["adapted"])["leads"]] {
            let leads = members(part)
            #expect(Set(leads.keys) == Set((1...Forecast.leads).map { "\($0)" }))
            #expect(
                Set(members(leads["24"]).keys).isSuperset(of: [
                    "n", "rmse", "mae", "bias", "r2", "skill", "coverage80", "coverage95", "width80",
                    "interval_score80",
                ]))
        }
        for plain in ["persistence", "climatology"] {
            #expect(Set(members(members(first[plain])["8"]).keys) == ["n", "rmse", "mae", "skill"])
        }
    }

    @Test func withoutStationsThereIsNoScore() {
        let json = members(WorldBacktest([]).json)
        #expect(json["worst"] == .null && json["stations"] == .array([]))
        #expect(JSONValue.object(json).line.contains("\"mean_skill\":null"))
    }
}
