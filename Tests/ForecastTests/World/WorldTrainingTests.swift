import Foundation
import Synchronization
import Testing

@testable import Forecast

@Suite struct WorldTrainingTests {
    private static func stations(countries: Int, days: Int = 60) -> [WorldStation] {
        (0..<countries).map { number in
            WorldStation(
                id: "\(number)", country: "C\(Character(UnicodeScalar(UInt8(65 + number))))",
                series: someStation(hours: days * 24, level: 10 + 15 * Float(number), seed: UInt64(number + 1)))
        }
    }

    private func plan(epochs: Int, windows: Int = 512, members: Int = 1, seed: UInt64 = 1) -> WorldPlan {
        var plan = WorldPlan()
        (plan.epochs, plan.windows, plan.members, plan.seed) = (epochs, windows, members, seed)
        return plan
    }

    @Test func countriesAreDealtInTurn() {
        let stations = Self.stations(countries: 7, days: 1)
        #expect(
            WorldTraining.groups(of: stations.reversed() + stations, count: 3) == [
                ["CA", "CD", "CG"], ["CB", "CE"], ["CC", "CF"],
            ])
        #expect(WorldTraining.groups(of: [], count: 2) == [[], []])
    }

    private func trained(_ stations: [WorldStation], workers: Int, seed: UInt64 = 1) -> [[Float]] {
        let training = WorldTraining(stations, plan: plan(epochs: 1, seed: seed), workers: workers) { _ in true }
        let sources = stations.map { $0.source(0..<$0.relative.rows.count) }
        return training.run(
            training.jobs(sources, members: 3, seed: 5, phase: "test"), WorldTraining.architecture(members: 3),
            planned: 3)
    }

    @Test func theSameSeedGivesTheSameWeightsWhateverTheWorkers() {
        let stations = Self.stations(countries: 3)
        let alone = trained(stations, workers: 1)
        #expect(alone == trained(stations, workers: 2))
        #expect(
            alone.allSatisfy {
                $0.allSatisfy(\.isFinite) && $0.count == WorldTraining.architecture(members: 1).parameterCount
            })
        #expect(Set(alone).count == 3)
        #expect(alone != trained(stations, workers: 1, seed: 2))
    }

    @Test func aDailyCourseIsLearnt() throws {
        let losses = Mutex([Double]())
        let stations = Self.stations(countries: 3)
        let training = WorldTraining(stations, plan: plan(epochs: 8, windows: 2048), workers: 1) { progress in
            losses.withLock { $0.append(progress.loss) }
            return true
        }
        let sources = stations.map { $0.source(0..<$0.relative.rows.count) }
        let weights = training.run(
            training.jobs(sources, members: 1, seed: 0, phase: "test"), WorldTraining.architecture(members: 1),
            planned: 8)
        let loss = losses.withLock { $0 }
        #expect(loss.count == 8)
        #expect(loss[7] < 0.8 * loss[0], "\(loss)")
        // It is better than persistence at a station that it has not seen.
        let unseen = WorldStation(
            id: "new", country: "XX", series: someStation(hours: 24 * 120, level: 30, seed: 99))
        let scores = StationBacktest(unseen, by: try WorldTraining.model("test", weights[0], members: 1))
        #expect(scores.meanSkill(scores.model.leads) > 0.1, "\(scores.meanSkill(scores.model.leads))")
    }

    @Test func countriesThatAreLeftOutDoNotTellAnything() throws {
        func weights(_ stations: [WorldStation]) throws -> WorldTraining.CrossFit {
            let training = WorldTraining(stations, plan: plan(epochs: 1, windows: 300), workers: 2) { _ in true }
            return try training.crossFit({ 0..<$0.relative.rows.count }, groups: 2, members: 1)
        }
        let stations = Self.stations(countries: 4)
        let before = try weights(stations)
        #expect(before.groups == [["CA", "CC"], ["CB", "CD"]])
        var others = stations
        for number in [0, 2] {
            others[number] = WorldStation(
                id: "\(number)", country: stations[number].country,
                series: someStation(hours: 24 * 50, level: 200, missing: 0.3, seed: UInt64(number + 50)))
        }
        let after = try weights(others)
        #expect(after.weights[0] == before.weights[0])
        #expect(after.weights[1] != before.weights[1])
        // Their errors are of the group's own stations, so the other group's are made by a network that saw the change.
        #expect(after.errors[0].scaledBands != before.errors[0].scaledBands)
    }

    @Test func trainingStopsWhenItIsTold() {
        let reports = Mutex(0)
        let stations = Self.stations(countries: 3)
        let training = WorldTraining(stations, plan: plan(epochs: 9), workers: 1) { progress in
            reports.withLock { $0 += 1 }
            return progress.epoch < 2
        }
        let sources = stations.map { $0.source(0..<$0.relative.rows.count) }
        let weights = training.run(
            training.jobs(sources, members: 3, seed: 0, phase: "test"), WorldTraining.architecture(members: 3),
            planned: 27)
        #expect(reports.withLock { $0 } == 2)
        #expect(weights.allSatisfy { $0.count == WorldTraining.architecture(members: 1).parameterCount })
    }

    @Test func whatIsShippedHasEverythingAndReadsBack() throws {
        let progress = Mutex([TrainingProgress]())
        let training = WorldTraining(
            Self.stations(countries: 12), plan: plan(epochs: 1, windows: 256, members: 2), workers: 2
        ) {
            step in
            progress.withLock { $0.append(step) }
            return true
        }
        let model = try training.run(name: "small")
        // Two members for each of six groups, and two that serve.
        let steps = progress.withLock { $0 }
        #expect(steps.map(\.epoch) == Array(1...14) && steps.allSatisfy { $0.epochs == 14 })
        #expect(model.name == "small" && model.preset == "world" && model.architecture.members == 2)
        #expect(model.architecture.bearsGaps && model.limits?.count == Forecast.leads)
        for bands in [model.bands, model.memoryBands, model.persistenceBands] {
            let bands = try #require(bands)
            #expect(bands.edges.allSatisfy { $0.count == 7 && $0 == $0.sorted() })
            #expect(bands.residuals.allSatisfy { $0.allSatisfy { $0.count == 4 && $0 == $0.sorted() } })
        }
        #expect(Set([model.bands, model.memoryBands, model.persistenceBands].map { $0?.residuals }).count == 3)
        guard case .object(let record) = model.training else { return }
        #expect(record["recipe"] == .string("world") && record["stations"] == .number(12))
        #expect(record["stopped_early"] == .bool(false))
        #expect(try Model(json: model.json()).sha256 == model.sha256)
    }

    @Test func tooFewCountriesAndPlansWithoutPassesAreRefused() {
        func code(_ stations: [WorldStation], _ plan: WorldPlan) -> ForecastError.Code? {
            do throws(ForecastError) {
                _ = try WorldTraining(stations, plan: plan, workers: 1) { _ in true }.run(name: "none")
                return nil
            } catch { return error.code }
        }
        let stations = Self.stations(countries: 12, days: 2)
        #expect(code(Array(stations.dropLast()), plan(epochs: 1)) == .tooLittleData)
        #expect(code(stations, plan(epochs: 0)) == .invalidArgument)
        #expect(code(stations, plan(epochs: 1, members: 0)) == .invalidArgument)
        #expect(code(stations, plan(epochs: 1, members: 65)) == .invalidArgument)
    }

    @Test func leavingOutScoresEachStationByWhatHasNotSeenItsCountry() throws {
        var options = StationBacktest.Options()
        options.memoryDays = 0
        let training = WorldTraining(
            Self.stations(countries: 4), plan: plan(epochs: 1, windows: 300), workers: 2
        ) { _ in true }
        let scores = try training.leaveOut(groups: 2, [StationBacktest.Options(), options])
        #expect(scores.count == 2 && scores.allSatisfy { $0.stations.map(\.station.id) == ["0", "1", "2", "3"] })
        #expect(scores[0].stations[0].model.leads != scores[1].stations[0].model.leads)
        #expect(scores[0].stations.allSatisfy { $0.model.bands[0].n == $0.persistence[0].n })
        // Each by the network that was trained without its group.
        let fold = try training.crossFit({ 0..<$0.relative.rows.count }, groups: 2, members: 1)
        for (number, station) in Self.stations(countries: 4).enumerated() {
            let blind = try WorldTraining.model("blind", fold.weights[number % 2], members: 1)
            #expect(StationBacktest(station, by: blind).model.leads == scores[0].stations[number].model.leads)
        }
    }

    @Test func anOriginNeedsTwelveLabelsWithinItsRows() {
        var series = someStation(hours: 200, missing: 0, seed: 12)
        for row in 100..<112 { series.measures[row].pm25 = .nan }
        let station = WorldStation(id: "roof", country: "XX", series: series)
        let origins = Set(station.source(0..<200).origins)
        #expect(origins.isSuperset(of: 23..<100) && origins.max() == 175)
        series.measures[112].pm25 = .nan
        let fewer = Set(WorldStation(id: "roof", country: "XX", series: series).source(0..<200).origins)
        // The 24 hours after rows 88 to 99 have eleven with PM2.5 now.
        #expect(!fewer.contains(88) && !fewer.contains(99) && fewer.contains(87))
        #expect(station.source(0..<150).origins.max() == 125)
    }

    /// The shipped model leaves the last year of long series to be scored on.
    @Test func theLastYearOfLongSeriesIsNotLearntFrom() {
        for (hours, learnt) in [(365 * 36, 365 * 36), (365 * 36 + 1, 365 * 12 + 1), (365 * 72, 365 * 48), (100, 100)] {
            let series = HourlySeries(
                start: UTCHour(hoursSinceEpoch: 0), measures: Array(repeating: Measures(), count: hours))
            #expect(WorldStation(id: "", country: "", series: series).learntRows == 0..<learnt)
        }
    }
}
