import Foundation
import Testing

@testable import Forecast

@Suite struct AdaptiveBandsTests {
    /// Bands of a forecast of 100 whose errors are normal with a deviation of 10.
    private static let still = Forecast(
        pm25: Array(repeating: 100, count: Forecast.leads),
        bands: Forecast.Bands(
            lower80: Array(repeating: 87.184, count: Forecast.leads),
            upper80: Array(repeating: 112.816, count: Forecast.leads),
            lower95: Array(repeating: 80.4, count: Forecast.leads),
            upper95: Array(repeating: 119.6, count: Forecast.leads)))

    private func normal(_ random: inout SplitMix64) -> Float {
        let radius = (-2 * log(Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random))).squareRoot()
        return Float(radius * cos(2 * .pi * Double.random(in: 0..<1, using: &random)))
    }

    private func day(_ bands: AdaptiveBands, deviation: Float, _ random: inout SplitMix64) throws
        -> AdaptiveBands.Outcomes
    {
        let issued = try #require(bands.applied(to: Self.still).bands)
        var outcomes = AdaptiveBands.Outcomes()
        for _ in 0..<24 {
            for lead in 1...Forecast.leads {
                outcomes.add(issued, lead: lead, observed: 100 + deviation * normal(&random))
            }
        }
        return outcomes
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>) func bandsAreBackTwoWeeksAfterErrorsHaveDoubled(_ seed: UInt64)
        throws
    {
        var random = SplitMix64(seed: seed)
        var bands = AdaptiveBands()
        var within = (first: 0, second: 0)
        for index in 0..<74 {
            let outcomes = try day(bands, deviation: index < 60 ? 10 : 20, &random)
            let inside = zip(outcomes.n, outcomes.outside80).reduce(0) { $0 + $1.0 - $1.1 }
            if index == 60 { within.first = inside }
            if index >= 67 { within.second += inside }
            bands = bands.after(outcomes, age: index)
        }
        let hours = Double(24 * Forecast.leads)
        #expect(Double(within.first) / hours < 0.6, "seed \(seed)")
        #expect((0.75...0.85).contains(Double(within.second) / hours / 7), "seed \(seed)")
    }

    @Test func withoutObservationsNothingChanges() {
        var unseen = AdaptiveBands.Outcomes()
        if let bands = Self.still.bands { unseen.add(bands, lead: 1, observed: .nan) }
        #expect(AdaptiveBands().after(unseen, age: 0) == AdaptiveBands())
        #expect(AdaptiveBands().applied(to: Forecast(pm25: Self.still.pm25)).bands == nil)
    }

    @Test func theFirstDaysTeachMore() {
        var outcomes = AdaptiveBands.Outcomes()
        for lead in 1...Forecast.leads { outcomes.add(lead: lead, n: 24, outside80: 10, outside95: 3) }
        func width(_ age: Int) -> Float { AdaptiveBands().after(outcomes, age: age).factors80[0] }
        #expect(width(0) == width(29) && width(29) > width(30) && width(30) == width(300))
    }

    @Test func factorsStayWithinTheirBoundsAndBandsDoNotCross() throws {
        let static80 = try #require(Self.still.bands)
        for observed in [100, 500] as [Float] {
            var day = AdaptiveBands.Outcomes()
            for lead in 1...Forecast.leads { for _ in 0..<24 { day.add(static80, lead: lead, observed: observed) } }
            var bands = AdaptiveBands()
            for age in 0..<100 { bands = bands.after(day, age: age) }
            #expect(bands.after(day, age: 100) == bands && bands.factors80.allSatisfy(AdaptiveBands.bounds.contains))
            let issued = try #require(bands.applied(to: Self.still).bands)
            for lead in 0..<Forecast.leads {
                let edges = [
                    0, issued.lower95[lead], issued.lower80[lead], 100, issued.upper80[lead], issued.upper95[lead],
                ]
                #expect(edges == edges.sorted())
            }
        }
    }

    @Test func noForecastKnowsWhatIsObservedAfterItsOrigin() {
        let forecasts = [Forecast](repeating: Self.still, count: 240)
        func issued(wrongFrom hour: Int) -> [Forecast] {
            AdaptiveBands.issued(forecasts) { index, lead in index + lead >= hour ? 500 : 100 }
        }
        let calm = issued(wrongFrom: .max)
        for hour in 1..<216 {
            let issued = issued(wrongFrom: hour)
            // The day of the hour is learnt from when the next one begins.
            let next = (hour / 24 + 1) * 24
            #expect(issued[..<next] == calm[..<next] && issued[next] != calm[next], "\(hour)")
        }
    }

    @Test func aDaysFactorsFollowFromTheBandsAsTheyWereIssued() {
        let forecasts = [Forecast](repeating: Self.still, count: 96)
        let issued = AdaptiveBands.issued(forecasts) { _, lead in lead == 1 ? .nan : 115 }
        var bands = AdaptiveBands()
        for day in 0..<4 {
            #expect(issued[24 * day..<24 * day + 24].allSatisfy { $0 == bands.applied(to: Self.still) })
            var outcomes = AdaptiveBands.Outcomes()
            for hour in 24 * day..<24 * day + 24 {
                for lead in 2...Forecast.leads where hour >= lead {
                    if let bands = issued[hour - lead].bands { outcomes.add(bands, lead: lead, observed: 115) }
                }
            }
            bands = bands.after(outcomes, age: day)
        }
        #expect(bands.factors80[0] == 1 && bands.factors80[1] > 1.1 && bands.factors95[1] < 1)
    }
}
