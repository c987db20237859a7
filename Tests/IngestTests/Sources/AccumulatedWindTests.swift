import Forecast
import Testing

@testable import Ingest

@Suite struct AccumulatedWindTests {
    private let start = UTCHour(hoursSinceEpoch: 400_000)

    private func speeds(_ hours: [(hour: Int, wind: Wind, sum: Double)], beginsSeries: Bool = true) -> [Float] {
        var accumulated = AccumulatedWind()
        return hours.enumerated().map { index, hour in
            Float(
                accumulated.speed(
                    at: start.advanced(by: hour.hour), wind: hour.wind, sum: hour.sum,
                    beginsSeries: beginsSeries && index == 0))
        }
    }

    @Test func sumsAreDifferencedWhileTheDirectionStays() {
        let northWest = Wind.from(degrees: 315)
        #expect(
            speeds([
                (0, northWest, 1.79), (1, northWest, 4.92), (2, northWest, 6.71), (3, .variable, 0.89),
                (4, .variable, 1.78), (5, northWest, 1.79),
            ]) == [1.79, 3.13, 1.79, 0.89, 0.89, 1.79])
    }

    @Test func aSumThatFallsBeginsAnew() {
        #expect(speeds([(0, .variable, 5), (1, .variable, 2), (2, .variable, 3)]) == [5, 2, 1])
    }

    @Test func speedIsMissingWhereTheSumMayHoldSeveralHours() {
        let east = Wind.from(degrees: 90)
        #expect(speeds([(0, east, 200), (1, east, 203)], beginsSeries: false).map(\.isNaN) == [true, false])
        #expect(speeds([(0, east, 1), (2, east, 7), (3, east, 8)]).map(\.isNaN) == [false, true, false])
        #expect(speeds([(0, east, 1), (1, .missing, 7), (2, east, 8)]).map(\.isNaN) == [false, true, true])
        #expect(speeds([(0, east, 1), (1, east, .nan), (2, east, 8)]).map(\.isNaN) == [false, true, true])
        #expect(speeds([(1, east, 5), (0, east, 4)]).map(\.isNaN) == [false, true])
    }

    @Test func anHourThatComesTwiceIsDifferencedAgainstTheHourBefore() {
        let south = Wind.from(degrees: 180)
        #expect(speeds([(0, south, 1), (1, south, 3), (1, south, 4), (2, south, 6)]) == [1, 2, 3, 2])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func differencingUndoesAccumulating(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let winds: [Wind] = [.variable, .from(degrees: 45), .from(degrees: 135)]
        var (sum, wind) = (0.0, Wind.variable)
        var (hours, expected): ([(hour: Int, wind: Wind, sum: Double)], [Float]) = ([], [])
        for hour in 0..<200 {
            let speed = Double(Int.random(in: 0...2000, using: &random)) / 100
            let next = winds[Int.random(in: 0..<3, using: &random)]
            sum = next == wind ? sum + speed : speed
            wind = next
            hours.append((hour, wind, sum))
            expected.append(Float(speed))
        }
        // Sums stay below 2⁹ here, where doubles are 2⁻⁴⁴ apart: far below half a Float's step at the smallest speed, .01.
        for (speed, expected) in zip(speeds(hours), expected) {
            #expect(abs(speed - expected) <= 1e-6, "seed \(seed)")
        }
    }
}
