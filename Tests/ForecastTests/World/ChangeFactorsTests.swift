import Testing

@testable import Forecast

@Suite struct ChangeFactorsTests {
    /// A day whose observed changes are a share of those that were forecast, at every lead alike.
    private func day(share: Float, change: Float = 10, last: Float = 20, leads: ClosedRange<Int> = 1...Forecast.leads)
        -> ChangeFactors.Sums
    {
        var sums = ChangeFactors.Sums()
        for lead in leads {
            for _ in 0..<24 {
                sums.add(lead: lead, forecast: last + change, last: last, observed: last + share * change)
            }
        }
        return sums
    }

    @Test func withoutOutcomesEveryFactorIsOne() {
        #expect(ChangeFactors().values == Array(repeating: 1, count: Forecast.leads))
        var unseen = ChangeFactors.Sums()
        unseen.add(lead: 1, forecast: 30, last: 20, observed: .nan)
        #expect(unseen == ChangeFactors.Sums())
        #expect(ChangeFactors().after(unseen).values == ChangeFactors().values)
        // Forecasts of no change say nothing of a factor.
        #expect(ChangeFactors().after(day(share: 5, change: 0)).values == ChangeFactors().values)
    }

    @Test func leadsLearnFromTheirOwnOutcomes() {
        let factors = ChangeFactors().after(day(share: 0.5, leads: 3...4)).values
        for lead in 1...Forecast.leads { #expect((factors[lead - 1] < 1) == (3...4).contains(lead)) }
    }

    /// Ten days of the same outcomes weigh as much as the prior; half a percent is what fading takes of them.
    @Test func thePriorIsWorthTenDays() {
        var sums = ChangeFactors.Sums()
        for _ in 0..<10 { for lead in 1...24 { for _ in 0..<24 { add(&sums, lead) } } }
        #expect(ChangeFactors().after(sums).values.allSatisfy { abs($0 - 0.75) < 1e-6 })
    }

    private func add(_ sums: inout ChangeFactors.Sums, _ lead: Int) {
        sums.add(lead: lead, forecast: 30, last: 20, observed: 25)
    }

    /// After years of days the past weighs 60 days, the prior ten of 70.
    @Test func itTendsToTheLeastSquaresFactor() {
        var factors = ChangeFactors()
        for _ in 0..<2000 { factors = factors.after(day(share: 0.3)) }
        #expect(factors.values.allSatisfy { abs($0 - (60 * 0.3 + 10) / 70) < 1e-4 })
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>) func itIsTheLeastSquaresFactorOfWeightedErrors(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var sums = ChangeFactors.Sums()
        var outcomes: [(change: Double, observed: Double, level: Double)] = []
        for _ in 0..<5000 {
            let last = Float.random(in: 0...200, using: &random)
            let change = 20 * random.nextNormal()
            let observed = max(0, last + 0.6 * change + 5 * random.nextNormal())
            sums.add(lead: 2, forecast: last + change, last: last, observed: observed)
            outcomes.append((Double(last + change - last), Double(observed - last), Double(last) + 5))
        }
        // The slope of the errors' sum is zero at the factor, with 240 outcomes of factor 1 and mean weight beside
        // them.
        func slope(_ factor: Double) -> Double {
            let own = outcomes.reduce(0) { $0 + $1.change * (factor * $1.change - $1.observed) / $1.level }
            let squares = outcomes.reduce(0) { $0 + $1.change * $1.change / $1.level } / Double(outcomes.count)
            return own + 240 * squares * (factor - 1)
        }
        let factor = Double(ChangeFactors().after(sums).values[1])
        #expect(slope(factor - 1e-4) < 0 && slope(factor + 1e-4) > 0, "seed \(seed): \(factor)")
    }

    @Test(arguments: [(Float(-9), Float(0.1)), (9, 1.2)]) func factorsStayWithinTheirBounds(share: Float, bound: Float)
    {
        var factors = ChangeFactors()
        for _ in 0..<200 { factors = factors.after(day(share: share)) }
        #expect(factors.values == Array(repeating: bound, count: Forecast.leads))
    }

    @Test func keptSumsMakeTheSameFactors() {
        var factors = ChangeFactors()
        for number in 0..<9 { factors = factors.after(day(share: 0.1 * Float(number))) }
        #expect(ChangeFactors(sums: factors.sums) == factors)
    }

    private func forecast(_ pm25: Float, _ edges: (Float, Float, Float, Float)) -> Forecast {
        func all(_ value: Float) -> [Float] { Array(repeating: value, count: Forecast.leads) }
        return Forecast(
            pm25: all(pm25),
            bands: Forecast.Bands(
                lower80: all(edges.1), upper80: all(edges.2), lower95: all(edges.0), upper95: all(edges.3)))
    }

    private func factors(_ value: Float) -> [Float] { Array(repeating: value, count: Forecast.leads) }

    @Test func changesShrinkAndBandsMoveAsTheyAre() {
        let moved = forecast(60, (40, 50, 75, 90)).changed { ChangeFactors.apply(factors(0.5), to: $0, last: 20) }
        #expect(moved == forecast(40, (20, 30, 55, 70)))
        let still = forecast(60, (40, 50, 75, 90))
        #expect(still.changed { ChangeFactors().apply(to: $0, last: 20) } == still)
        let bare = Forecast(pm25: factors(60)).changed { ChangeFactors.apply(factors(0.5), to: $0, last: 20) }
        #expect(bare == Forecast(pm25: factors(40)))
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func nothingFallsBelowZeroOrCrosses(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            var values = (0..<5).map { _ in Float.random(in: 0...40, using: &random) }
            values.sort()
            if Bool.random(using: &random) { values[0] = 0 }
            let last = Float.random(in: 0...40, using: &random)
            let factor = Float.random(in: 0.1...1.2, using: &random)
            let moved = forecast(values[2], (values[0], values[1], values[3], values[4]))
                .changed { ChangeFactors.apply(factors(factor), to: $0, last: last) }
            let bands = try #require(moved.bands)
            let edges = [0, bands.lower95[5], bands.lower80[5], moved.pm25[5], bands.upper80[5], bands.upper95[5]]
            #expect(edges == edges.sorted(), "seed \(seed): \(values), \(last), \(factor)")
        }
    }
}
