import Foundation
import Ingest
import Testing

@testable import Forecast

/// On the real series, where `HAZECAST_DATA_DIR` says that it is.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["HAZECAST_DATA_DIR"] != nil)) struct RealDataTests {
    private func beijing() throws -> HourlySeries {
        let folder = try #require(ProcessInfo.processInfo.environment["HAZECAST_DATA_DIR"])
        let file = URL(filePath: folder).appending(path: "beijing-pm25-2010-2014.csv").path()
        var series = try HourlySeries.reading(file, format: .uciBeijing(station: "Beijing")).series
        series.longitude = 116.4
        return series
    }

    /// A station of the multi-site data, 2013-03 to 2017-02.
    private func station(_ name: String) throws -> HourlySeries {
        let folder = try #require(ProcessInfo.processInfo.environment["HAZECAST_DATA_DIR"])
        let file = "beijing-multisite/PRSA_Data_\(name)_20130301-20170228.csv"
        var series = try HourlySeries.reading(
            URL(filePath: folder).appending(path: file).path(), format: .uciMultisite()
        ).series
        series.longitude = 116.4
        return series
    }

    private func chapterModel() throws -> Model { try model("chapter") }

    private func model(_ name: String) throws -> Model {
        let file = URL(filePath: #filePath).appending(path: "../../../models/\(name).json").standardized
        return try Model(json: Data(contentsOf: file))
    }

    /// Persistence at the published numbers proves the protocol; the model must not fall behind the published network.
    @Test func theChaptersProtocolGivesThePublishedNumbers() throws {
        let series = try beijing()
        #expect(series.measures.count == 43_824)
        let scores = try ChapterProtocol(chapterModel(), on: series)
        let published: [Int: (persistence: Double, r2: Double, loss: Double)] = [
            1: (0.9455, 0.9464, 0.000239), 2: (0.9116, 0.9155, 0.000377), 4: (0.8441, 0.8557, 0.000644),
            8: (0.6971, 0.7407, 0.001157),
        ]
        for (size, expected) in published {
            let persistence = try #require(scores.persistence[size])
            let block = try #require(scores.blocks[size])
            // The published numbers have four digits.
            #expect(abs(persistence.r2 - expected.persistence) < 0.00006, "persistence, \(size) h")
            #expect(block.r2 > expected.r2 && block.loss < expected.loss, "\(size) h: \(block)")
        }
    }

    @Test func theLiveProtocolGivesPersistenceAtTheMeasuredErrors() throws {
        let scores = try LiveProtocol(chapterModel(), on: beijing())
        let measured = [1: 22.1, 2: 33.5, 4: 49.9, 8: 70.6, 12: 82.8, 24: 99.6]
        for (lead, rmse) in measured {
            // Measured to one decimal.
            #expect(abs(scores.persistence[lead - 1].rmse - rmse) < 0.051, "lead \(lead)")
            #expect(abs(scores.persistence[lead - 1].skill(against: scores.persistence[lead - 1])) < 1e-12)
        }
    }

    /// What docs/models.md promises of the model that serves.
    @Test func theOperationalModelForecastsABetterYearAndKnowsItsErrors() throws {
        let scores = try LiveProtocol(model("operational"), on: beijing(), withRidge: true)
        #expect(scores.meanSkill >= 0.285)
        for (lead, skill) in zip(LiveProtocol.quotedLeads, [0.16, 0.21, 0.29, 0.35, 0.36, 0.32]) {
            #expect(scores.skill[lead - 1] >= skill, "lead \(lead)")
        }
        // The hour of the day is the sun's: without the longitude it is another one.
        var elsewhere = try beijing()
        elsewhere.longitude = nil
        let unplaced = try LiveProtocol(model("operational"), on: elsewhere).meanSkill
        #expect(unplaced < scores.meanSkill - 0.05, "\(unplaced)")
        let ridge = try #require(scores.ridgeSkill)
        let bands = try #require(scores.bands)
        for lead in 1...Forecast.leads {
            #expect(scores.skill[lead - 1] > ridge[lead - 1], "lead \(lead)")
            #expect((0.78...0.82).contains(bands[lead - 1].coverage80), "lead \(lead)")
            #expect((0.935...0.965).contains(bands[lead - 1].coverage95), "lead \(lead)")
            #expect(bands[lead - 1].coverage80Above150 >= 0.77, "lead \(lead)")
        }
        let intervalScores = LiveProtocol.quotedLeads.map { bands[$0 - 1].intervalScore80 }
        #expect(intervalScores.reduce(0, +) / Double(intervalScores.count) <= 152)
    }

    /// The chapter's network learns to forecast live if its training knows no more of the weather than a forecast does.
    @Test func heldWeatherTeachesToForecastLive() throws {
        var skills: [TrainingPlan.Weather: Double] = [:]
        for weather in TrainingPlan.Weather.allCases {
            var plan = TrainingPlan()
            (plan.weather, plan.restarts, plan.epochs) = (weather, 4, 20)
            let trained = try ChapterTraining(beijing(), plan: plan) { _ in true }.run(name: "\(weather)")
            skills[weather] = try LiveProtocol(trained, on: beijing()).meanSkill
        }
        #expect(try #require(skills[.held]) > 0.1 && skills[.observed] ?? 1 < 0.05, "\(skills)")
    }

    /// Fine-tuned on a station's first three years, the operational model is ahead of ridge there in the fourth.
    @Test func fineTuningToAStationBeatsWhatIsFitThere() throws {
        var meanSkills: [Double] = []
        for name in ["Aotizhongxin", "Dingling", "Dongsi"] {
            let series = try station(name)
            var known = series
            known.measures = Array(series.measures.dropLast(Backtest.testHours))
            let tuned = try FineTuning(of: model("operational"), on: [known], plan: FineTuningPlan()) { _ in true }
                .run(name: name)
            let scores = try LiveProtocol(tuned, on: series, withRidge: true)
            let ridge = LiveProtocol.quotedLeads.map { (scores.ridgeSkill ?? [])[$0 - 1] }
            #expect(scores.meanSkill > ridge.reduce(0, +) / Double(ridge.count), "\(name)")
            meanSkills.append(scores.meanSkill)
        }
        #expect(meanSkills.reduce(0, +) / 3 >= 0.24, "\(meanSkills)")
    }
}
