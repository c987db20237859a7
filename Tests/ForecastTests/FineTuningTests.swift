import Testing

@testable import Forecast

@Suite struct FineTuningTests {
    /// A small ensemble that has learnt one made-up station.
    private static let start = Result {
        var plan = OperationalPlan()
        plan.members = 2
        plan.epochs = 3
        return try OperationalTraining(someSeries(hours: 2 * Backtest.testHours + 2000), plan: plan) { _ in true }
            .run(name: "start")
    }

    /// Another station: cleaner air that returns to its mean sooner, on a higher place.
    private func station(hours: Int, seed: UInt64 = 77) -> HourlySeries {
        var series = someSeries(hours: hours, seed: seed)
        for index in series.measures.indices {
            let before = index > 0 ? series.measures[index - 1].pm25 : .nan
            let pm25 = series.measures[index].pm25
            series.measures[index].pm25 = before.isNaN ? pm25 / 4 : max(1, 0.3 * pm25 - 0.1 * before + 2)
            series.measures[index].pressure -= 150
        }
        return series
    }

    private func tune(
        _ histories: [HourlySeries], seed: UInt64 = 1, goesOn: @escaping (TrainingProgress) -> Bool = { _ in true }
    ) throws -> Model {
        var plan = FineTuningPlan()
        plan.seed = seed
        return try FineTuning(of: Self.start.get(), on: histories, plan: plan, goesOn: goesOn).run(name: "tuned")
    }

    @Test(arguments: [69 * 24, Backtest.testHours])
    func aTunedModelIsBetterAtItsStationAndItsBandsHold(_ hours: Int) throws {
        let series = station(hours: hours + Backtest.testHours)
        var history = series
        history.measures = Array(series.measures.prefix(hours))
        let tuned = try tune([history])
        let scores = try LiveProtocol(tuned, on: series)
        #expect(try scores.meanSkill > LiveProtocol(Self.start.get(), on: series).meanSkill + 0.05)
        guard case .object(let json) = scores.json, case .object(let leads) = json["leads"],
            case .object(let lead) = leads["4"], case .number(let coverage80) = lead["coverage80"],
            case .number(let coverage95) = lead["coverage95"]
        else { throw ForecastError(.malformed, "live scores") }
        // The start's bands are for air four times as dirty; what leans on them is wide rather than narrow.
        #expect((0.75...0.97).contains(coverage80) && coverage95 > 0.93, "\(coverage80) \(coverage95)")
        #expect(try Model(json: tuned.json()).sha256 == tuned.sha256)
    }

    @Test func theSameSeedGivesTheSameModel() throws {
        let history = station(hours: 1500)
        let first = try tune([history])
        #expect(try tune([history]).sha256 == first.sha256)
        #expect(try tune([history], seed: 2).sha256 != first.sha256)
    }

    @Test func severalStationsAreLearntTogetherAndThoseWithoutAMeasureArePassedOver() throws {
        let one = station(hours: 1500)
        var dry = one
        for index in dry.measures.indices { dry.measures[index].dewPoint = .nan }
        let alone = try tune([one])
        #expect(try tune([dry, one]).sha256 == alone.sha256)
        #expect(try tune([one, station(hours: 1500, seed: 78)]).sha256 != alone.sha256)
    }

    @Test func whatIsMissingIsNamed() throws {
        var dry = station(hours: 1500)
        for index in dry.measures.indices { dry.measures[index].dewPoint = .nan }
        let missing = #expect(throws: ForecastError.self) { try tune([dry]) }
        #expect(missing?.code == .tooLittleData && missing?.message.contains("dew_point") == true)

        var fallenSilent = station(hours: 1500)
        for index in 900..<1500 { fallenSilent.measures[index].pm25 = .nan }
        for history in [station(hours: 500), fallenSilent] {
            let error = #expect(throws: ForecastError.self) { try tune([history]) }
            #expect(error?.code == .tooLittleData)
        }
        #expect(throws: ForecastError.self) { try tune([]) }
    }

    @Test func onlyANetworkThatGivesChangesCanBeTuned() throws {
        let chapter = try someModel()
        let error = #expect(throws: ForecastError.self) {
            try FineTuning(of: chapter, on: [station(hours: 1500)], plan: FineTuningPlan()) { _ in true }
        }
        #expect(error?.code == .invalidArgument)
    }

    /// 12 epochs in all: the first, and one of the second half, where the result must be whole all the same.
    @Test(arguments: [1, 8])
    func aStoppedTuningGivesAWholeModel(_ last: Int) throws {
        let history = station(hours: 1500)
        var epochs = 0
        let model = try tune([history]) { _ in
            epochs += 1
            return epochs < last
        }
        #expect(epochs == last)
        #expect(model.bands != nil && model.architecture.members == 2)
        #expect(try model.sha256 != tune([history]).sha256)
    }
}
