import Testing

@testable import Forecast

@Suite struct DaySumsTests {
    /// What a day adds, straight from its definition.
    private func plain(_ pm25: [Float], day: Int) -> (
        squares: [Double], pairs: [Int], sum: Double, deviations: [Double]
    ) {
        var squares = [0.0, 0, 0, 0]
        var pairs = [0, 0, 0, 0]
        var sum = 0.0
        var deviations = [Double](repeating: .nan, count: 24)
        for hour in day * 24..<(day + 1) * 24 where !pm25[hour].isNaN {
            sum += Double(pm25[hour])
            for (index, lag) in [1, 4, 12, 24].enumerated() where !pm25[hour - lag].isNaN {
                let change = Double(pm25[hour]) - Double(pm25[hour - lag])
                squares[index] += change * change
                pairs[index] += 1
            }
            let recent = pm25[hour - 23...hour].filter { !$0.isNaN }.map(Double.init)
            if recent.count < 18 { continue }
            let mean = recent.reduce(0, +) / Double(recent.count)
            deviations[hour % 24] = min(max((Double(pm25[hour]) - mean) / (mean + 3), -1), 2)
        }
        return (squares, pairs, sum, deviations)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func aDayIsAddedUpByTheBook(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let missing = Float.random(in: 0...0.4, using: &random)
        let pm25 = (0..<24 * 12).map { _ -> Float in
            if Float.random(in: 0..<1, using: &random) < missing { return .nan }
            let isSpike = Float.random(in: 0..<1, using: &random) < 0.03
            return isSpike ? 500 : Float.random(in: 0...60, using: &random)
        }
        for day in 1..<12 {
            let sums = DaySums(of: pm25[(day - 1) * 24..<(day + 1) * 24])
            let expected = plain(pm25, day: day)
            // Sums of at most 48 float32s, of which each is rounded to 6e-8 of the sum.
            func isNear(_ ours: Float, _ exact: Double) -> Bool {
                abs(Double(ours) - exact) <= 1e-5 * max(1, abs(exact))
            }
            for index in 0..<4 {
                #expect(isNear(sums.squaredChanges[index], expected.squares[index]), "seed \(seed), day \(day)")
                #expect(Int(sums.pairs[index]) == expected.pairs[index], "seed \(seed), day \(day)")
            }
            #expect(isNear(sums.sum, expected.sum), "seed \(seed), day \(day)")
            #expect(Int(sums.count) == pm25[day * 24..<day * 24 + 24].count { !$0.isNaN }, "seed \(seed), day \(day)")
            for (ours, exact) in zip(sums.deviations, expected.deviations) {
                #expect(ours.isNaN ? exact.isNaN : isNear(ours, exact), "seed \(seed), day \(day)")
            }
        }
    }

    @Test func aPairBelongsToTheDayOfItsLaterHour() {
        let nothing = [Float](repeating: .nan, count: 24)
        var (before, day) = (nothing, nothing)
        before[23] = 10
        day[0] = 14
        let sums = DaySums(of: before + day)
        #expect(sums.squaredChanges == SIMD4(16, 0, 0, 0) && sums.pairs == SIMD4(1, 0, 0, 0))
        #expect(sums.sum == 14 && sums.count == 1)
        #expect(DaySums(of: nothing + before).pairs == .zero)
        #expect(DaySums(of: before + nothing).pairs == .zero && DaySums(of: before + nothing).count == 0)
    }

    @Test(arguments: [(17, false), (18, true)]) func aDeviationNeedsEighteenOf24Hours(hours: Int, isKnown: Bool) {
        var pm25 = [Float](repeating: .nan, count: 48)
        for hour in 0..<hours { pm25[47 - hour] = 10 }
        let sums = DaySums(of: pm25)
        #expect(sums.deviations[23].isNaN != isKnown)
        #expect(sums.deviations[..<(isKnown ? 23 : 24)].allSatisfy { $0.isNaN })
    }

    @Test func aSpikeDoesNotBecomeTheProfile() {
        let sums = DaySums(of: [Float](repeating: 0, count: 47) + [900])
        #expect(sums.deviations[23] == 2)
    }
}
