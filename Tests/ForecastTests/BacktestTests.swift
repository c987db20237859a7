import Foundation
import Testing

@testable import Forecast
import NetworkKernel

@Suite struct BacktestTests {
    @Test func scoresAreThoseOfTheTextbook() {
        var score = Score()
        var baseline = Score()
        for (predicted, observed) in [(1, 2), (4, 4), (7, 6), (5, 8)] as [(Float, Float)] {
            score.add(predicted: predicted, observed: observed)
            baseline.add(predicted: 5, observed: observed)
        }
        #expect(score.n == 4)
        #expect(abs(score.mse - 11.0 / 4) < 1e-12)
        #expect(abs(score.mae - 5.0 / 4) < 1e-12)
        #expect(abs(score.bias + 3.0 / 4) < 1e-12)
        #expect(abs(score.r2 - (1 - 11.0 / 20)) < 1e-12)
        #expect(abs(score.skill(against: baseline) - (1 - 11.0 / 20)) < 1e-12)
    }

    @Test func gapsAreInterpolatedFromZeroOrCarriedForward() {
        let pm25: [Float] = [.nan, .nan, 6, .nan, .nan, .nan, 2, .nan]
        var series = HourlySeries(
            start: UTCHour(hoursSinceEpoch: 0), measures: pm25.map { Measures(pm25: $0, windSpeed: 1) })
        #expect(series.filled(pm25: .interpolated).map(\.pm25) == [0, 3, 6, 5, 4, 3, 2, 2])
        #expect(series.filled(pm25: .carried).map(\.pm25) == [6, 6, 6, 6, 6, 6, 2, 2])
        series.measures[1].windDirection = 90
        series.measures[2].windSpeed = .nan
        series.measures[3].windSpeed = .nan
        let wind = series.filled(pm25: .carried)
        #expect(wind[2].windDirection == 90 && wind[3].windDirection == 90)
        #expect(wind[0].windDirection.isNaN && wind[4].windDirection.isNaN)
        #expect(wind.allSatisfy { $0.windSpeed == 1 && $0.temperature.isNaN })
    }

    /// V = 0 makes every output the offset of the output's scale, which is easy to score by hand.
    @Test func bothProtocolsScoreTheHoursThatTheyName() throws {
        var weights = [Float](repeating: 0.1, count: 26)
        weights[NetworkShape.chapter.V] = 0
        weights[NetworkShape.chapter.V + 1] = 0
        let scale = Normalisation.Scale(offset: 50, scale: 100)
        let model = try Model(
            name: "constant", preset: "chapter", architecture: .chapter,
            normalisation: Normalisation(inputs: Array(repeating: scale, count: 6), output: scale), weights: weights,
            training: .object([:]), scores: .object([:]))
        let series = someSeries(hours: Backtest.testHours + 100)
        let rows = series.filled(pm25: .interpolated)
        let chapter = try ChapterProtocol(model, on: series)
        for size in ChapterProtocol.blockSizes {
            var score = Score()
            // 8,736 windows, so every row from the 25th of the test year on is predicted once.
            for row in rows.suffix(8736) { score.add(predicted: 50, observed: row.pm25) }
            #expect(score.n == 8736)
            let block = try #require(chapter.blocks[size])
            #expect(abs(block.loss - score.mse / 20_000) < 1e-9)
            #expect(abs(block.r2 - score.r2) < 1e-9)
        }
        let live = try LiveProtocol(model, on: series)
        for lead in [1, 24] {
            // The first origin is the first hour of the test year.
            let observed = series.measures.suffix(Backtest.testHours).dropFirst(lead).filter { !$0.pm25.isNaN }
            #expect(live.leads[lead - 1].n == observed.count)
        }
    }

    @Test func bandsAreScoredByLeadAndByLevel() throws {
        let scores = try LiveProtocol(someEnsemble(), on: someSeries(hours: Backtest.testHours + 100))
        let byLead = try #require(scores.bands)
        let byLevel = try #require(scores.bandsByLevel)
        #expect(byLead.map(\.n) == scores.leads.map(\.n))
        let adaptive = try #require(scores.adaptiveBands)
        #expect(adaptive.map(\.n) == byLead.map(\.n) && adaptive != byLead)
        #expect(byLevel.map(\.n).reduce(0, +) == byLead.map(\.n).reduce(0, +))
        func inside(_ scores: [BandScore]) -> Double {
            scores.reduce(0) { $1.n == 0 ? $0 : $0 + $1.coverage80 * Double($1.n) }
        }
        #expect(abs(inside(byLevel) - inside(byLead)) < 1e-6)
        let quoted = LiveProtocol.quotedLeads.map { byLead[$0 - 1].intervalScore80 }
        #expect(try abs(#require(scores.meanIntervalScore80) - quoted.reduce(0, +) / 6) < 1e-9)
        #expect(
            try LiveProtocol(someModel(), on: someSeries(hours: Backtest.testHours + 100)).meanIntervalScore80 == nil)
    }

    @Test func theCourseIsOfTheDaysThatVariedMost() throws {
        var series = someSeries(hours: Backtest.testHours + 100)
        // Days 100 to 120 of the test year swing, the others do not.
        for hour in series.measures.indices {
            let day = (hour - 100) / 24
            let swing: Float = hour % 2 == 0 ? 125 : -125
            series.measures[hour].pm25 = 175 + (hour >= 100 && (100..<121).contains(day) ? swing : 0)
        }
        let course = try LiveProtocol(someModel(), on: series).mostVariedCourse(lead: 8, days: 21)
        #expect(course.count == 21 * 24)
        let first = try #require(course.first)
        // Origins begin with days, so what is 8 hours ahead begins 8 hours after, or a day before that.
        let offset = series.start.distance(to: first.validAt) - (100 + 100 * 24)
        #expect([8, -16].contains(offset), "\(offset)")
        #expect(course.allSatisfy { $0.observed == series[$0.validAt].pm25 })
    }

    @Test func aYearAndADayAreNeeded() throws {
        let model = try someModel()
        for hours in [0, 1, Backtest.testHours + Window.length - 1] {
            let series = someSeries(hours: hours)
            #expect(throws: ForecastError.self) { try ChapterProtocol(model, on: series) }
            #expect(throws: ForecastError.self) { try LiveProtocol(model, on: series) }
        }
        let least = someSeries(hours: Backtest.testHours + Window.length)
        _ = try ChapterProtocol(model, on: least)
        _ = try LiveProtocol(model, on: least)
    }
}
