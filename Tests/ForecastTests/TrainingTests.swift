import Foundation
import Testing

@testable import Forecast
import NetworkKernel

/// A made-up year and some weeks of hourly readings: pm25 that wanders with the weather, and a few gaps.
func someSeries(hours: Int, seed: UInt64 = 5) -> HourlySeries {
    var random = SplitMix64(seed: seed)
    var pm25: Float = 80
    let measures = (0..<hours).map { hour in
        let wind = 4 + 3 * sin(Float(hour) / 31) + random.nextNormal()
        pm25 = max(3, pm25 + 4 * (3 - wind) + 0.05 * (80 - pm25) + 6 * random.nextNormal())
        return Measures(
            pm25: Int.random(in: 0..<25, using: &random) == 0 ? .nan : pm25,
            dewPoint: 5 + 10 * sin(Float(hour) / 200), temperature: 12 + 8 * sin(Float(hour) * .pi / 12),
            pressure: 1015 + 5 * sin(Float(hour) / 70),
            windDirection: Bool.random(using: &random) ? .nan : .random(in: 0...360, using: &random),
            windSpeed: max(0, wind))
    }
    return HourlySeries(start: UTCHour(hoursSinceEpoch: 400_000), measures: measures)
}

@Suite struct TrainingTests {
    /// A rollout's loss over random data, some labels missing, by its weights.
    private func objective(
        _ shape: NetworkShape, _ stepWeights: [Float], _ weather: TrainingPlan.Weather
    ) -> Objective {
        var random = SplitMix64(seed: 11)
        let hours = 150
        let values = (0..<hours * shape.inputs).map { _ in Float.random(in: 0...1, using: &random) }
        let labels = (0..<hours).map { $0 % 7 == 0 ? Float.nan : .random(in: 0...1, using: &random) }
        // An output scale that differs from the input's, so that feeding back has to convert.
        let scale = Normalisation.Scale(offset: 2, scale: 10)
        let normalisation = Normalisation(
            inputs: Array(repeating: scale, count: shape.inputs), output: Normalisation.Scale(offset: 3, scale: 7))
        let striped = StripedSeries(
            values: values, labels: labels, inputs: shape.inputs, rolloutSteps: stepWeights.count)
        let loss = RolloutLoss(
            striped, model: shape, normalisation: normalisation, pm25: 0, stepWeights: stepWeights, weather: weather)
        return Objective(loss, shape: shape)
    }

    @Test(arguments: [TrainingPlan.Weather.observed, .held], [Architecture.chapter, .chapterSingle])
    func theGradientOfARolloutIsTheSlopeOfItsLoss(_ weather: TrainingPlan.Weather, _ architecture: Architecture) {
        let shape = architecture.shape
        let objective = objective(shape, [1, 0.5, 2, 1], weather)
        var random = SplitMix64(seed: 3)
        let weights = Network(shape: shape, initial: .half, using: &random).weights.map(Double.init)
        let gradient = objective.full(weights).gradient
        let step = 1.0 / 128
        for index in weights.indices {
            var above = weights
            var below = weights
            above[index] += step
            below[index] -= step
            let slope = (objective.full(above).loss - objective.full(below).loss) / (2 * step)
            // As in NetworkTests: what a central difference in float32 leaves.
            #expect(abs(slope - gradient[index]) < 1e-3 * (1 + abs(slope)), "weight \(index)")
        }
    }

    @Test func aStripedSeriesHoldsEveryWindowOnceAndMissesNoLabel() {
        let hours = 24 + 37
        let labels = (0..<hours).map { Float($0) }
        let series = StripedSeries(values: labels, labels: labels, inputs: 1, rolloutSteps: 1)
        var seen: [Int: Int] = [:]
        for block in 0..<series.blocks {
            for lane in 0..<Lanes.scalarCount {
                let label = series.labels[block + Window.length][lane]
                guard !label.isNaN else { continue }
                seen[Int(label), default: 0] += 1
                for t in 0..<Window.length {
                    #expect(series.rows[block + t][lane] == label - Float(Window.length - t))
                }
            }
        }
        // The last stripes are shorter; only what lies within the series is learnt from, and each label once.
        #expect(seen == Dictionary(uniqueKeysWithValues: (24..<hours).map { ($0, 1) }))
    }

    @Test func lbfgsFindsTheMinimumOfRosenbrocksValley() {
        func valley(_ p: [Double]) -> (loss: Double, gradient: [Double]) {
            let (a, b) = (1 - p[0], p[1] - p[0] * p[0])
            return (a * a + 100 * b * b, [-2 * a - 400 * p[0] * b, 200 * b])
        }
        var descent = LBFGS(from: [-1.2, 1], valley)
        for _ in 0..<100 where descent.loss > 1e-20 {
            _ = descent.step(valley)
        }
        #expect(abs(descent.point[0] - 1) < 1e-6 && abs(descent.point[1] - 1) < 1e-6)
    }

    @Test(arguments: TrainingPlan.Optimiser.allCases)
    func trainingLearnsAndTheSameSeedGivesTheSameModel(_ optimiser: TrainingPlan.Optimiser) throws {
        let series = someSeries(hours: Backtest.testHours + 1500)
        var plan = TrainingPlan()
        plan.optimiser = optimiser
        plan.restarts = 2
        plan.epochs = 4
        var losses: [Double] = []
        let training = try ChapterTraining(series, plan: plan) { progress in
            losses.append(progress.loss)
            return losses.count < 20
        }
        let model = try training.run(name: "first")
        #expect(try #require(losses.prefix(4).last) < losses[0])
        let again = try ChapterTraining(series, plan: plan) { $0.epoch < 20 }.run(name: "second")
        #expect(model.sha256 == again.sha256)
        plan.seed += 1
        let other = try ChapterTraining(series, plan: plan) { $0.epoch < 20 }.run(name: "third")
        #expect(model.sha256 != other.sha256)
        #expect(try Model(json: model.json()).sha256 == model.sha256)
    }

    @Test func theOperationalNetworkLearnsWithItsBandsAndTheSameSeedGivesTheSameModel() throws {
        let series = someSeries(hours: 2 * Backtest.testHours + 6000)
        var plan = OperationalPlan()
        plan.members = 2
        plan.epochs = 5
        var skills: [Double?] = []
        func train() throws -> Model {
            try OperationalTraining(series, plan: plan) { progress in
                skills.append(progress.validationSkill)
                return true
            }.run(name: "operational")
        }
        let model = try train()
        // The members that serve have learnt from the year that the others are scored on.
        #expect(skills.map { $0 != nil } == Array(repeating: true, count: 10) + Array(repeating: false, count: 10))
        #expect(try #require(skills[9]) > 0.1)
        #expect(try train().sha256 == model.sha256)
        #expect(model.architecture.parameterCount == 2 * 996)
        #expect(model.bands != nil)
        let scores = try LiveProtocol(model, on: series, withRidge: true)
        // pm25 returns to a mean here, which persistence does not know and both others learn.
        #expect(scores.meanSkill > 0.1)
        #expect(try #require(scores.ridgeSkill)[11] > 0.1)
        guard case .object(let json) = scores.json, case .object(let leads) = json["leads"],
            case .object(let lead) = leads["12"], case .number(let coverage) = lead["coverage80"],
            case .number(let brierSkill) = lead["brier_skill75"]
        else { throw ForecastError(.malformed, "live scores") }
        // The made-up series is stationary, so what held in one year holds in the next.
        #expect((0.75...0.85).contains(coverage))
        // It cannot do much worse than a probability that is always that of the climate, and persistence is sure of itself.
        #expect(brierSkill > 0.3)
    }

    /// Whatever the test year holds must not matter to what is learnt.
    @Test func theTestYearIsNotLookedAt() throws {
        let series = someSeries(hours: 2 * Backtest.testHours + 1000)
        var other = series
        for index in other.measures.indices.suffix(Backtest.testHours) { other.measures[index].pm25 = 777 }
        var plan = OperationalPlan()
        plan.members = 1
        plan.epochs = 1
        let models = try [series, other].map { series in
            try OperationalTraining(series, plan: plan) { _ in true }.run(name: "operational")
        }
        #expect(models[0].sha256 == models[1].sha256)
    }

    @Test func theSingleLayerLearnsByTheSameRecipeAndIsScoredByBothProtocols() throws {
        let series = someSeries(hours: Backtest.testHours + 1500)
        var plan = TrainingPlan()
        plan.restarts = 2
        plan.epochs = 4
        var losses: [Double] = []
        let training = try ChapterTraining(series, architecture: .chapterSingle, plan: plan) { progress in
            losses.append(progress.loss)
            return losses.count < 20
        }
        let model = try training.run(name: "single")
        #expect(try #require(losses.prefix(4).last) < losses[0])
        #expect(model.preset == "chapter-single" && model.architecture.parameterCount == 49)
        #expect(try Model(json: model.json()).sha256 == model.sha256)
        let r2 = try #require(ChapterProtocol(model, on: series).blocks[1]?.r2)
        #expect(r2 > 0.5)
        #expect(try LiveProtocol(model, on: series).leads[0].r2 > 0.5)
    }

    /// After each epoch: what the chapter's protocol says where the last year to learn from is the test year.
    @Test(arguments: [Architecture.chapter, .chapterSingle])
    func validationIsTheNextHoursScoreOnTheUnseenYear(_ architecture: Architecture) throws {
        var series = someSeries(hours: 5 * Backtest.testHours)
        let end = 4 * Backtest.testHours
        // A gap over the end would be filled by another rule in the shorter series.
        series.measures[end - 1].pm25 = 80
        var plan = TrainingPlan()
        plan.optimiser = .sgd
        plan.restarts = 1
        plan.epochs = 2
        var last: TrainingProgress?
        let model = try ChapterTraining(series, architecture: architecture, plan: plan) { progress in
            last = progress
            return true
        }.run(name: "some")
        series.measures = Array(series.measures.prefix(end))
        let block = try #require(ChapterProtocol(model, on: series).blocks[1])
        let loss = try #require(last?.validationLoss)
        // Float32 sums over 8,736 windows.
        #expect(abs(loss / block.loss - 1) < 1e-4)
        #expect(try abs(#require(last?.validationR2) - block.r2) < 1e-4)
    }

    @Test func whatHasBeenLearntFromIsNoValidation() throws {
        var plan = TrainingPlan()
        plan.restarts = 2
        plan.epochs = 2
        var phases: [Bool: Set<String>] = [:]
        _ = try ChapterTraining(someSeries(hours: Backtest.testHours + 1500), plan: plan) { progress in
            phases[progress.validationLoss != nil, default: []].insert(progress.phase)
            return true
        }.run(name: "some")
        #expect(phases[false] == ["finish"])
        #expect(phases[true] == ["start 1 of 2", "start 2 of 2", "finalist 1", "finalist 2"])
    }

    @Test func aStoppedTrainingKeepsWhatItHas() throws {
        let series = someSeries(hours: Backtest.testHours + 300)
        var epochs = 0
        let model = try ChapterTraining(series, plan: TrainingPlan()) { _ in
            epochs += 1
            return false
        }.run(name: "stopped")
        #expect(epochs == 1)
        guard case .object(let training) = model.training else { throw ForecastError(.malformed, "training") }
        #expect(training["stopped_early"] == .bool(true))
    }

    @Test func tooLittleDataAreRefused() {
        for hours in [0, 10, Backtest.testHours, Backtest.testHours + Window.length] {
            let error = #expect(throws: ForecastError.self) {
                try ChapterTraining(someSeries(hours: hours), plan: TrainingPlan()) { _ in true }
            }
            #expect(error?.code == .tooLittleData)
        }
        var series = someSeries(hours: Backtest.testHours + 300)
        for index in series.measures.indices { series.measures[index].pressure = .nan }
        #expect(throws: ForecastError.self) { try ChapterTraining(series, plan: TrainingPlan()) { _ in true } }
    }
}
