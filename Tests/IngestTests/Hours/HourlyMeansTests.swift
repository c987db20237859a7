import Forecast
import Foundation
import TestSupport
import Testing

@testable import Ingest

@Suite struct HourlyMeansTests {
    private static let values = RowValues(
        columns: ["pm25"], units: [:], correction: nil, missing: [], errorCodes: [:], isRanged: false)

    private func means(
        _ rows: [(second: Int64, value: Double)], step: Double, isEnd: Bool, drainEvery: Int? = nil
    ) -> [Int32: Float] {
        var hours = HourlyMeans(of: Self.values, step: step, isEnd: isEnd, carry: nil, hasSpeed: false, now: 0)
        var all: [Int32: Float] = [:]
        for (index, row) in rows.enumerated() {
            var columns = SIMD16<Double>(repeating: .nan)
            columns[0] = row.value
            hours.add(station: "a", instant: row.second * 1_000_000, columns: columns, isTouching: true)
            if let drainEvery, index % drainEvery == 0 {
                for (hour, value) in hours.finish(before: row.second * 1_000_000).hours {
                    #expect(all[hour] == nil, "an hour that was finished comes again")
                    if value.isComplete { all[hour] = value.means[0] }
                }
            }
        }
        for (_, hour, value) in hours.finish() where value.isComplete { all[hour] = value.means[0] }
        return all.filter { !$0.value.isNaN }
    }

    @Test func aStepOfTwentyMinutesIsNotRoundedToQuarters() {
        let rows: [(Int64, Double)] = (0..<9).map { (Int64($0) * 1_200, [0, 0, 90][$0 % 3]) }
        #expect(means(rows, step: 1_200, isEnd: false) == [0: 30, 1: 30, 2: 30])
    }

    /// For any step, the means are those of an integral over the seconds, with and without finished hours taken out.
    @Test(arguments: 0..<30 as Range<UInt64>)
    func meansAreTheIntegralOverTheHour(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let step = [60, 80, 300, 420, 600, 900, 1_200, 1_800, 3_600][Int.random(in: 0..<9, using: &random)]
        let isEnd = Bool.random(using: &random)
        let shift = [0, 1_800, 900][Int.random(in: 0..<3, using: &random)]
        let rows: [(second: Int64, value: Double)] = (1..<(1 + 9 * 3_600 / step)).compactMap { number in
            if Double.random(in: 0..<1, using: &random) < 0.15 { return nil }
            let isMissing = Double.random(in: 0..<1, using: &random) < 0.05
            let value = isMissing ? .nan : Double(Int.random(in: 0..<100, using: &random))
            return (Int64(number * step + (step == 3_600 || step == 1_800 ? shift : 0)), value)
        }
        var sums: [Int32: (sum: Double, seconds: Int)] = [:]
        for row in rows where !row.value.isNaN {
            let begin = Int(row.second) - (isEnd ? step : 0)
            for second in begin..<begin + step {
                let hour = Int32(second / 3_600)
                sums[hour, default: (0, 0)].sum += row.value
                sums[hour, default: (0, 0)].seconds += 1
            }
        }
        let expected = sums.filter { $0.value.seconds >= 2_700 }.mapValues { Float($0.sum / Double($0.seconds)) }
        for drainEvery in [nil, 1, 7] {
            let got = means(rows, step: Double(step), isEnd: isEnd, drainEvery: drainEvery)
            #expect(Set(got.keys) == Set(expected.keys), "seed \(seed), step \(step)")
            for (hour, mean) in got {
                #expect(abs(mean - (expected[hour] ?? .nan)) < 1e-3, "seed \(seed), step \(step), hour \(hour)")
            }
        }
    }
}
