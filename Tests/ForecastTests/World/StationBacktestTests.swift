import Testing

@testable import Forecast

@Suite struct StationBacktestTests {
    /// The row of 00:00 UTC of a day of `someStation`, which begins at 05:00.
    private static func midnight(_ day: Int) -> Int { day * 24 - 5 }

    private func model() throws -> Model { try someWorld(hidden: [4, 4], members: 1) }

    private func station(_ series: HourlySeries) -> WorldStation {
        WorldStation(id: "roof", country: "XX", series: series)
    }

    /// The series with other readings, as many of them missing, in some rows.
    private func changed(_ series: HourlySeries, _ rows: Range<Int>) -> HourlySeries {
        var series = series
        for row in rows {
            let pm25 = series.measures[row].pm25
            series.measures[row] = Measures(
                pm25: pm25.isNaN ? 33 : pm25 * 1.5 + Float(row % 7), dewPoint: 1, temperature: Float(row % 9),
                pressure: 1000, windDirection: .nan, windSpeed: 1)
        }
        return series
    }

    /// What is forecast at each origin of some days, without factors and with them.
    private func issued(
        _ series: HourlySeries, _ model: Model, days: Range<Int>, memoryDays: Int?
    ) -> [Int: [Forecast]] {
        let relative = RelativeSeries(series)
        var options = StationBacktest.Options()
        options.memoryDays = memoryDays
        let origins = relative.origins(in: Self.midnight(days.lowerBound)..<Self.midnight(days.upperBound))
        let plain = StationBacktest.forecasts(of: model, at: origins, relative, options)
        let adapted = StationBacktest.adapted(plain, of: model, at: origins, relative, options)
        return Dictionary(uniqueKeysWithValues: origins.indices.map { (origins[$0], [plain[$0], adapted[$0]]) })
    }

    /// Days 20 to 30 of a station are forecast with some days of memory, then again with other readings before the
    /// memory of the last of them begins.
    @Test(arguments: [1, 2, 3, 5]) func whatIsOlderThanTheMemoryChangesNothing(memoryDays: Int) throws {
        let (series, model) = (someStation(hours: 24 * 34, seed: 1), try model())
        let before = issued(series, model, days: 20..<31, memoryDays: memoryDays)
        let first = Self.midnight(30 - memoryDays)
        for rows in [0..<first, first - 1..<first] {
            let after = issued(changed(series, rows), model, days: 20..<31, memoryDays: memoryDays)
            // The windows of the last day reach back into the day before, and their weather up to six hours further.
            for origin in Self.midnight(30) + (memoryDays > 1 ? 0 : 6)..<Self.midnight(31) {
                #expect(before[origin] == after[origin], "\(rows), \(origin)")
            }
        }
        // The first hour that is known changes something, so that the above says something.
        let after = issued(changed(series, first..<first + 1), model, days: 20..<31, memoryDays: memoryDays)
        #expect((Self.midnight(30)..<Self.midnight(31)).contains { before[$0]?[1] != after[$0]?[1] })
    }

    @Test func withoutAMemoryOnlyTheWindowCounts() throws {
        let (series, model) = (someStation(hours: 24 * 34, seed: 2), try model())
        let before = issued(series, model, days: 20..<31, memoryDays: 0)
        let origin = Self.midnight(30) + 11
        let first = origin - Window.length - RelativeSeries.weatherHours + 1
        let after = issued(changed(series, 0..<first), model, days: 20..<31, memoryDays: 0)
        #expect(before[origin] != nil && before[origin] == after[origin])
        // Nothing is learnt either. A factor of 1 is a subtraction and an addition, each of which rounds.
        for forecasts in before.values {
            for lead in 0..<Forecast.leads {
                let (plain, adapted) = (forecasts[0].pm25[lead], forecasts[1].pm25[lead])
                #expect(abs(plain - adapted) < 1e-5 * (1 + plain))
            }
        }
    }

    @Test(arguments: [nil, 3] as [Int?]) func noForecastKnowsTheFuture(memoryDays: Int?) throws {
        let (series, model) = (someStation(hours: 24 * 34, seed: 3), try model())
        let before = issued(series, model, days: 20..<31, memoryDays: memoryDays)
        for hour in [0, 7, 23] {
            let origin = Self.midnight(25) + hour
            let rows = origin + 1..<series.measures.count
            let after = issued(changed(series, rows), model, days: 20..<31, memoryDays: memoryDays)
            for earlier in Self.midnight(20)...origin { #expect(before[earlier] == after[earlier], "\(earlier)") }
            #expect(before[origin + 1] != after[origin + 1])
        }
    }

    /// Factors and bands of a UTC day follow from the outcomes of the days before, and from nothing else.
    @Test func aDaysForecastsAreAdaptedByTheDaysBefore() throws {
        let series = RelativeSeries(someStation(hours: 24 * 40, missing: 0.2, seed: 4))
        let model = try model()
        let options = StationBacktest.Options()
        let origins = series.origins(in: 300..<24 * 40)
        let plain = StationBacktest.forecasts(of: model, at: origins, series, options)
        let adapted = StationBacktest.adapted(plain, of: model, at: origins, series, options)
        let day = { (row: Int) in series.series.start.advanced(by: row).day }
        var (factors, bands) = (ChangeFactors(), AdaptiveBands())
        var differing = 0
        for today in day(300)...day(24 * 40 - 1) {
            for (index, origin) in origins.enumerated() where day(origin) == today {
                let expected = plain[index].changed { row in
                    factors.apply(to: row, last: series.rows[origin].pm25)
                    bands.apply(to: row)
                }
                #expect(adapted[index] == expected, "\(origin)")
                differing += adapted[index] == plain[index] ? 0 : 1
            }
            var sums = ChangeFactors.Sums()
            var outcomes = AdaptiveBands.Outcomes()
            for row in 300..<24 * 40 where day(row) == today && !series.rows[row].pm25.isNaN {
                for lead in 1...Forecast.leads {
                    guard let index = origins.firstIndex(of: row - lead) else { continue }
                    // Of the change that was forecast before it was factored; of the bands that were issued.
                    sums.add(
                        lead: lead, forecast: plain[index].pm25[lead - 1], last: series.rows[row - lead].pm25,
                        observed: series.rows[row].pm25)
                    if let issued = adapted[index].bands {
                        outcomes.add(issued, lead: lead, observed: series.rows[row].pm25)
                    }
                }
            }
            (factors, bands) = (factors.after(sums), bands.after(outcomes, age: Int(today - day(300))))
        }
        #expect(differing > origins.count / 2)
    }

    /// Days of a series, and those of them that are scored.
    @Test(arguments: [
        (30, 30), (59, 59), (61, 60), (100, 60), (130, 65), (600, 300), (729, 364), (730, 365), (1500, 365),
    ])
    func theLastYearOrHalfIsScored(days: Int, scored: Int) {
        let station = station(
            HourlySeries(
                start: UTCHour(hoursSinceEpoch: 9),
                measures: Array(
                    repeating: Measures(pm25: 4), count: days * 24 + 7)))
        let rows = station.scoredRows
        #expect(rows.upperBound == days * 24 + 7)
        #expect(rows.count == (days < 60 ? days * 24 + 7 : scored * 24))
    }

    @Test func scoresAreThoseOfTheObservedHours() throws {
        let series = someStation(hours: 24 * 90, missing: 0.1, seed: 5)
        let (station, model) = (station(series), try model())
        let scores = StationBacktest(station, by: model)
        let relative = station.relative
        let rows = 30 * 24..<90 * 24
        var (own, persistence, climate) = (Score(), Score(), Score())
        let means = (0..<24).map { hour -> Float in
            let known = (0..<rows.lowerBound).filter { relative.series.start.advanced(by: $0).hourOfDay == hour }
                .map { relative.rows[$0].pm25 }.filter { !$0.isNaN }
            return known.reduce(0, +) / Float(known.count)
        }
        for origin in relative.origins(in: rows) where origin + 8 < rows.upperBound {
            let observed = relative.rows[origin + 8].pm25
            if observed.isNaN { continue }
            let window = Window(
                origin: relative.series.start.advanced(by: origin), steps: Array(relative.window(at: origin)))
            let forecast = model.forecast([window], contexts: [relative.context(at: origin)])[0]
            own.add(predicted: forecast.pm25[7], observed: observed)
            persistence.add(predicted: relative.rows[origin].pm25, observed: observed)
            climate.add(
                predicted: means[relative.series.start.advanced(by: origin + 8).hourOfDay], observed: observed)
        }
        #expect(scores.model.leads[7] == own && scores.persistence[7] == persistence)
        #expect(abs(scores.climatology[7].mse - climate.mse) < 1e-3 && scores.climatology[7].n == climate.n)
        #expect(scores.adapted.leads[7].n == own.n && scores.adapted.leads[7] != own)
        #expect(scores.model.bands[7].n == own.n)
        #expect(scores.skill(scores.model.leads)[7] == own.skill(against: persistence))
        let quoted = [1, 2, 4, 8, 12, 24].map { scores.skill(scores.model.leads)[$0 - 1] }
        #expect(abs(scores.meanSkill(scores.model.leads) - quoted.reduce(0, +) / 6) < 1e-12)
    }

    @Test func bandsAreScoredByTheAgeOfTheAdaptation() throws {
        let scores = StationBacktest(station(someStation(hours: 24 * 120, missing: 0, seed: 6)), by: try model())
        #expect(scores.model.bands[0].n == 60 * 24 - 1)
        #expect(scores.firstWeek[0].n == 7 * 24)
        #expect(scores.adaptedBandsByAge.map { $0[0].n } == [7 * 24, 16 * 24, 30 * 24 - 1])
    }

    @Test func pm25OnlyIgnoresTheWeather() throws {
        let (series, model) = (someStation(hours: 24 * 70, seed: 7), try model())
        var bare = series
        for row in bare.measures.indices { bare.measures[row] = Measures(pm25: series.measures[row].pm25) }
        var options = StationBacktest.Options()
        options.isPM25Only = true
        let expected = StationBacktest(station(bare), by: model)
        let scores = StationBacktest(station(series), by: model, options)
        #expect(scores.model.leads == expected.model.leads && scores.adapted.bands == expected.adapted.bands)
        #expect(StationBacktest(station(series), by: model).model.leads != expected.model.leads)
    }

    @Test func aModelThatBearsNoGapsHasThemFilled() throws {
        let scores = StationBacktest(
            station(someStation(hours: 24 * 70, missing: 0.2, seed: 8)), by: try someEnsemble())
        #expect(scores.model.leads.allSatisfy { $0.n > 800 && $0.mse.isFinite })
    }

    @Test func aThousandHoursCount() throws {
        let model = try model()
        for (hours, counts) in [(1_000 + 24, true), (1_000 + 23, false)] {
            let series = someStation(hours: hours, missing: 0, seed: 9)
            // The first 23 rows are no origins, and nothing follows the last.
            let scores = StationBacktest(station(series), by: model)
            #expect(scores.persistence[0].n == hours - 24)
            #expect(scores.counts == counts)
        }
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
