import Testing

@testable import Forecast

@Suite struct StationBacktestTests {
    /// The row of 00:00 UTC of a day of `someStation`, which begins at 05:00.
    private static func midnight(_ day: Int) -> Int { day * 24 - 5 }

    private func model() throws -> Model { try someWorld(hidden: [4, 4], members: 1) }

    private func station(_ series: HourlySeries) -> WorldStation {
        WorldStation(id: "roof", country: "XX", series: series)
    }

    @Test(arguments: [0, 3, 23, 24, 500]) func aStationWithoutPM25IsScoredOnNothing(hours: Int) throws {
        var series = someStation(hours: hours, seed: 10)
        for row in series.measures.indices { series.measures[row].pm25 = .nan }
        for memoryDays in [nil, 2] {
            var options = StationBacktest.Options()
            options.memoryDays = memoryDays
            let scores = StationBacktest(station(series), by: try model(), options)
            #expect(scores.persistence.allSatisfy { $0.n == 0 } && !scores.counts)
        }
    }
}
