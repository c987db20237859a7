import Foundation
import Testing

@testable import Forecast

@Suite struct StationMemoryTests {
    /// Hours of whole days, some of them missing.
    private func hours(days: Int, missing: Float, using random: inout SplitMix64) -> [Float] {
        (0..<days * 24).map { hour -> Float in
            let value = 20 + 10 * sin(Float(hour) * .pi / 12) + 3 * random.nextNormal()
            return Float.random(in: 0..<1, using: &random) < missing ? .nan : value
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>) func daysAddUpToWhatTheHoursSay(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let pm25 = hours(days: 31, missing: .random(in: 0...0.3, using: &random), using: &random)
        // The first day lends the second its hours, and is not added up itself.
        let days = (1..<31).map { DaySums(of: pm25[($0 - 1) * 24..<($0 + 1) * 24]) }
        let memory = try #require(StationMemory(adding: days))
        func isNear(_ ours: Float, _ exact: Double) -> Bool { abs(Double(ours) - exact) < 1e-5 * max(1, abs(exact)) }
        for (index, lag) in [1, 4, 12, 24].enumerated() {
            let changes = (24..<31 * 24).map { Double(pm25[$0]) - Double(pm25[$0 - lag]) }.filter { !$0.isNaN }
            let mean = changes.reduce(0) { $0 + $1 * $1 } / Double(changes.count)
            #expect(isNear(memory.squaredChanges[index], mean), "seed \(seed), lag \(lag)")
            #expect(abs(Double(memory.logChanges[index]) - log(mean + 0.05) / 2) < 1e-6, "seed \(seed), lag \(lag)")
            if lag == 24 { #expect(memory.pairs == Float(changes.count), "seed \(seed)") }
        }
        let known = pm25[24...].filter { !$0.isNaN }.map(Double.init)
        #expect(isNear(memory.mean, known.reduce(0, +) / Double(known.count)), "seed \(seed)")
        for hour in 0..<24 {
            var (sum, count) = (0.0, 0.0)
            for row in stride(from: 24 + hour, to: 31 * 24, by: 24) where !pm25[row].isNaN {
                let recent = pm25[row - 23...row].filter { !$0.isNaN }.map(Double.init)
                if recent.count < 18 { continue }
                let mean = recent.reduce(0, +) / Double(recent.count)
                (sum, count) = (sum + min(max((Double(pm25[row]) - mean) / (mean + 3), -1), 2), count + 1)
            }
            #expect(isNear(memory.profile[hour], sum / (count + 4)), "seed \(seed), hour \(hour)")
        }
    }

    @Test(arguments: [(19, false), (20, true)]) func twentyPairsADayApartAreNeeded(pairs: Int, isKnown: Bool) {
        let pm25 = [Float](repeating: 8, count: 24 + pairs) + [Float](repeating: .nan, count: 24 - pairs)
        #expect((someMemory(of: pm25) != nil) == isKnown)
    }

    @Test func eachOfTheLagsNeedsAPair() {
        let pm25 = (0..<24 * 40).map { $0 % 24 == 7 ? Float($0) : .nan }
        #expect(someMemory(of: pm25) == nil)
        #expect(StationMemory(adding: []) == nil)
    }

    @Test func fourDaysOfNoDeviationAreSeenBeforeTheFirst() throws {
        // The 24 hours before stand at 9, so that an hour at 33 deviates by (33 − 10) / (10 + 3).
        var pm25 = [Float](repeating: 9, count: 48)
        pm25[47] = 33
        let first = try #require(someMemory(of: pm25)).profile[23]
        // Of two days, the first of which stood still.
        #expect(abs(first - 23 / Float(13) / 6) < 1e-5)
        #expect(try #require(someMemory(of: Array(repeating: 9, count: 48))).profile[23] == 0)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>) func itsNumbersMakeItAgain(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let memory = try #require(someMemory(of: hours(days: 9, missing: 0.2, using: &random)))
        #expect(memory.values.count == StationMemory.valueCount)
        #expect(StationMemory(values: memory.values) == memory, "seed \(seed)")
        for place in 0..<StationMemory.valueCount {
            var values = memory.values
            values[place] += 1
            #expect(StationMemory(values: values) != memory, "seed \(seed), number \(place)")
        }
    }
}
