import Testing

@testable import Forecast

/// A forecast that is the same at every lead.
private func forecast(_ pm25: Float, lower: (Float, Float), upper: (Float, Float)) -> Forecast {
    func all(_ value: Float) -> [Float] { Array(repeating: value, count: Forecast.leads) }
    return Forecast(
        pm25: all(pm25),
        bands: Forecast.Bands(
            lower80: all(lower.1), upper80: all(upper.0), lower95: all(lower.0), upper95: all(upper.1)))
}

@Suite struct ExceedanceTests {
    private let some = forecast(60, lower: (10, 30), upper: (110, 170))

    private func probability(_ level: Float) throws -> Float { try #require(some.exceedance(of: level, lead: 3)) }

    @Test(arguments: zip([10, 30, 60, 110, 170] as [Float], [0.975, 0.9, 0.5, 0.1, 0.025] as [Float]))
    func theEdgesOfTheBandsAreExceededAsOftenAsTheySay(_ level: Float, _ expected: Float) throws {
        #expect(abs(try probability(level) - expected) < 1e-6)
    }

    @Test func beyondTheBandsTheTailsAreHalfAsSteep() throws {
        func odds(_ level: Float) throws -> Float { try probability(level) / (1 - probability(level)) }
        // Within the last segment, 60 µg/m³ wide, the odds fall from 1/9 to 1/39; it takes 120 beyond for that factor.
        #expect(abs(try odds(170 + 120) / odds(170) - 9.0 / 39) < 1e-5)
        #expect(try probability(0) > 0.975 && probability(0) < 1)
        #expect(try probability(-1) == 1)
        #expect(try probability(.infinity) < 1e-30)
    }

    @Test func withoutBandsThereIsNoProbability() {
        #expect(Forecast(pm25: some.pm25).exceedance(of: 75, lead: 1) == nil)
    }

    /// A band cut off at zero has its lower edges there together, and a forecast of nothing but one value has them all.
    @Test func edgesThatCoincideAreExceededAsOftenAsTheLastOfThem() throws {
        let low = forecast(0, lower: (0, 0), upper: (5, 9))
        #expect(low.exceedance(of: 0, lead: 1) == 0.5)
        let one = forecast(7, lower: (7, 7), upper: (7, 7))
        let around = try [6, 7, 8].map { try #require(one.exceedance(of: $0, lead: 1)) }
        #expect(around[0] > 0.999 && abs(around[1] - 0.025) < 1e-6 && around[2] < 1e-30)
    }

    @Test func theProbabilityNeverRisesWithTheLevel() throws {
        var random = SplitMix64(seed: 21)
        for _ in 0..<500 {
            var edges = (0..<5).map { _ in Float.random(in: 0...300, using: &random) }.sorted()
            if Bool.random(using: &random) { edges[1] = edges[0] }
            if Bool.random(using: &random) { edges[3] = edges[4] }
            let some = forecast(edges[2], lower: (edges[0], edges[1]), upper: (edges[3], edges[4]))
            let levels = (edges + (0..<40).map { _ in Float.random(in: -10...600, using: &random) }).sorted()
            let probabilities = try levels.map { try #require(some.exceedance(of: $0, lead: 24)) }
            #expect(probabilities.allSatisfy { (0...1).contains($0) })
            #expect(zip(probabilities, probabilities.dropFirst()).allSatisfy { $0 >= $1 }, "\(edges)")
        }
    }
}
