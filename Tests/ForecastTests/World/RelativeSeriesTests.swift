import Testing

@testable import Forecast

@Suite struct RelativeSeriesTests {
    @Test func weatherIsCarriedForSixHoursAndPM25IsNot() {
        for measure in [\Measures.dewPoint, \.temperature, \.pressure, \.windSpeed, \.pm25] {
            var series = someStation(hours: 30, missing: 0, seed: 1)
            for row in 10..<18 { series.measures[row][keyPath: measure] = .nan }
            let rows = RelativeSeries(series).rows
            let last = measure == \.pm25 ? Float.nan : series.measures[9][keyPath: measure]
            for row in 10..<16 {
                #expect(rows[row][keyPath: measure].bitPattern == last.bitPattern || last.isNaN, "\(measure) at \(row)")
                #expect(rows[row][keyPath: measure].isNaN == (measure == \.pm25))
            }
            #expect(rows[16][keyPath: measure].isNaN && rows[17][keyPath: measure].isNaN)
            #expect(rows[18][keyPath: measure] == series.measures[18][keyPath: measure])
        }
    }

    @Test func weatherIsMissingBeforeItIsFirstRead() {
        var series = someStation(hours: 10, seed: 1)
        for row in 0..<3 { series.measures[row].temperature = .nan }
        #expect(RelativeSeries(series).rows[..<3].allSatisfy { $0.temperature.isNaN })
    }

    @Test(arguments: [(Float(-0.1), Float(0)), (-10, 0), (-10.1, .nan), (-999, .nan), (0, 0), (3, 3), (.nan, .nan)])
    func smallNegativesAreCleanAirAndOthersAreMissing(given: Float, seen: Float) {
        var measures = Measures(pm25: given, temperature: -20)
        measures.clampPM25()
        #expect(seen.isNaN ? measures.pm25.isNaN : measures.pm25 == seen)
        #expect(measures.temperature == -20)
        let series = RelativeSeries(HourlySeries(start: UTCHour(hoursSinceEpoch: 0), measures: [Measures(pm25: given)]))
        #expect(seen.isNaN ? series.rows[0].pm25.isNaN : series.rows[0].pm25 == seen)
    }

    /// The row of 00:00 UTC of a day of `someStation`, which begins at 05:00.
    private func midnight(_ day: Int) -> Int { day * 24 - 5 }

    private func changed(_ series: HourlySeries, _ rows: Range<Int>) -> RelativeSeries {
        var series = series
        for row in rows { series.measures[row].pm25 = series.measures[row].pm25.isNaN ? 5 : .nan }
        return RelativeSeries(series)
    }

    @Test(arguments: 0..<24) func theMemoryIsThatOfTheMidnightBefore(hour: Int) {
        let series = someStation(hours: 24 * 45, seed: 2)
        let origin = midnight(40) + hour
        let memory = RelativeSeries(series).memory(at: origin)
        #expect(memory != nil)
        #expect(changed(series, midnight(40)..<series.measures.count).memory(at: origin) == memory)
        #expect(changed(series, midnight(40) - 1..<midnight(40)).memory(at: origin) != memory)
        // Thirty days, the first of which compares its hours with those of the day before.
        #expect(changed(series, 0..<midnight(9)).memory(at: origin) == memory)
        #expect(changed(series, midnight(10)..<midnight(10) + 1).memory(at: origin) != memory)
    }

    @Test(arguments: [1, 2, 3, 7, 14, 29, 30, 31, 60]) func daysThatAreUnknownAreNotLookedAt(days: Int) {
        let series = someStation(hours: 24 * 75, seed: 3)
        let origin = midnight(70) + 9
        let memory = RelativeSeries(series).memory(at: origin, days: days)
        #expect((memory != nil) == (days > 1))
        let first = midnight(70 - days)
        // The last hour that is hidden, and all of them.
        #expect(changed(series, first - 1..<first).memory(at: origin, days: days) == memory)
        #expect(changed(series, 0..<first).memory(at: origin, days: days) == memory)
        if days > 1, days <= 30 {
            #expect(changed(series, first..<first + 1).memory(at: origin, days: days) != memory)
        }
    }

    @Test func nothingIsRememberedOfNoDaysAndOfAStationsFirst() {
        let series = RelativeSeries(someStation(hours: 24 * 40, seed: 4))
        #expect(series.memory(at: 24 * 39, days: 0) == nil)
        #expect(series.memory(at: 0) == nil && series.memory(at: 23) == nil)
        #expect(series.memory(at: midnight(5), days: 9) == series.memory(at: midnight(5)))
    }

    @Test func anOriginHasPM25AndSoHaveTwoHoursBeforeIt() {
        var series = someStation(hours: 80, missing: 0, seed: 5)
        #expect(RelativeSeries(series).origins(in: 0..<80) == Array(23..<80))
        for row in 24..<46 { series.measures[row].pm25 = .nan }
        series.measures[22].pm25 = .nan
        // Row 46 has rows 23 and 46 alone, row 47 has 46 and 47, row 48 three of them.
        #expect(RelativeSeries(series).origins(in: 0..<80) == [23] + Array(48..<80))
        #expect(RelativeSeries(series).origins(in: 50..<60) == Array(50..<60))
    }

    @Test func aSeriesTooShortForAWindowHasNoOrigins() {
        for hours in [0, 1, 23] {
            let series = RelativeSeries(someStation(hours: hours, seed: 6))
            #expect(series.origins(in: 0..<hours).isEmpty)
        }
    }

    @Test func persistenceErrorsAreMeanSquaredChanges() {
        let series = RelativeSeries(someStation(hours: 300, missing: 0.2, seed: 7))
        let origins = series.origins(in: 0..<300)
        for (index, error) in series.persistenceErrors(at: origins).enumerated() {
            let squares = origins.map { origin -> Float in
                let row = origin + index + 1
                return row < 300 ? series.rows[row].pm25 - series.rows[origin].pm25 : .nan
            }.filter { !$0.isNaN }.map { Double($0 * $0) }
            #expect(abs(Double(error) - squares.reduce(0, +) / Double(squares.count)) < 1e-3, "lead \(index + 1)")
        }
        #expect(series.persistenceErrors(at: []).allSatisfy { $0.isNaN })
    }
}
