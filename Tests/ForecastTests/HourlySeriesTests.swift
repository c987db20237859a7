import Foundation
import Testing

@testable import Forecast

@Suite struct HourlySeriesTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func rowsInAnyOrderBecomeADenseSeries(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var newest: [Int32: Float] = [:]
        let rows = (0..<200).map { _ in
            let hour = Int32.random(in: -50...100, using: &random)
            let value = Float.random(in: 0...500, using: &random)
            newest[hour] = value
            return (hour: UTCHour(hoursSinceEpoch: hour), measures: Measures(pm25: value))
        }
        let series = try #require(HourlySeries(rows: rows))
        #expect(series.start.hoursSinceEpoch == newest.keys.min())
        #expect(series.hours.upperBound.hoursSinceEpoch == newest.keys.max().map { $0 + 1 })
        for hour in Int32(-60)...110 {
            let value = series[UTCHour(hoursSinceEpoch: hour)].pm25
            #expect(newest[hour].map { $0 == value } ?? value.isNaN)
        }
    }

    @Test func aPartOfASeriesIsOfTheSamePlace() throws {
        var series = HourlySeries(
            start: UTCHour(hoursSinceEpoch: 100), measures: (0..<10).map { Measures(pm25: Float($0)) })
        series.latitude = -33.9
        series.longitude = 151.2
        let middle = series.start.advanced(by: 4)
        for part in [series.part(2..<5), series.before(middle), series.from(middle)] {
            #expect(part.latitude == -33.9 && part.longitude == 151.2)
        }
    }

    @Test func noRowsAreNoSeries() {
        #expect(HourlySeries(rows: []) == nil)
    }
}

@Suite struct UTCHourTests {
    @Test func everyHourOfFourCenturiesCountsOnFromTheLast() throws {
        let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var expected = try #require(UTCHour(year: 1800, month: 1, day: 1, hour: 0))
        #expect(expected.description == "1800-01-01T00:00Z")
        for year in 1800..<2200 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for month in 1...12 {
                let last = month == 2 && isLeap ? 29 : days[month - 1]
                for day in 1...last {
                    #expect(UTCHour(year: year, month: month, day: day, hour: 0) == expected)
                    expected = expected.advanced(by: 24)
                }
                #expect(UTCHour(year: year, month: month, day: last + 1, hour: 0) == nil)
            }
        }
        #expect(UTCHour(year: 1970, month: 1, day: 1, hour: 0)?.hoursSinceEpoch == 0)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func anInstantBelongsToTheHourThatContainsIt(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<1000 {
            let seconds = Int64.random(in: -10_000_000_000...10_000_000_000, using: &random)
            let hour = UTCHour(containing: seconds)
            #expect((hour.secondsSinceEpoch..<hour.secondsSinceEpoch + 3600).contains(seconds))
            #expect((0...23).contains(hour.hourOfDay))
            #expect(hour.description.dropFirst(11).prefix(2) == (hour.hourOfDay < 10 ? "0" : "") + "\(hour.hourOfDay)")
        }
    }
}
