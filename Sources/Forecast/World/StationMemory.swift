/// What the last 30 days say of a station: how fast its PM2.5 changes, how high it is, and its daily course.
///
/// A function of PM2.5 alone, as of a UTC midnight. A network sees it beside the window.
package struct StationMemory: Sendable, Equatable {
    /// Days that are added up at most.
    package static let days = 30
    /// Pairs of hours a day apart that there must be.
    package static let leastPairs: Float = 20
    /// Days of no deviation that the profile counts beside those that were seen.
    private static let priorDays: Float = 4

    /// Mean squared changes over 1, 4, 12 and 24 hours in (µg/m³)².
    package let squaredChanges: SIMD4<Float>
    /// Pairs of hours a day apart.
    package let pairs: Float
    /// Mean PM2.5 in µg/m³.
    package let mean: Float
    /// Mean relative deviation by UTC hour of the day, drawn towards 0 where few days were seen.
    package let profile: InlineArray<24, Float>

    /// Adds days up, the oldest first.
    ///
    /// - Returns: nil where there is too little to know.
    package init?(adding days: some Sequence<DaySums>) {
        var squares = SIMD4<Double>()
        var pairs = SIMD4<Int32>()
        var sum = 0.0
        var count: Int32 = 0
        var deviations = InlineArray<24, Float>(repeating: 0)
        var seen = InlineArray<24, Float>(repeating: 0)
        for day in days {
            squares += SIMD4<Double>(day.squaredChanges)
            pairs &+= day.pairs
            sum += Double(day.sum)
            count += day.count
            for hour in 0..<24 where !day.deviations[hour].isNaN {
                deviations[hour] += day.deviations[hour]
                seen[hour] += 1
            }
        }
        guard Float(pairs[3]) >= Self.leastPairs, pairs.min() > 0 else { return nil }
        squaredChanges = SIMD4<Float>(squares / SIMD4<Double>(pairs))
        self.pairs = Float(pairs[3])
        mean = Float(sum / Double(count))
        var profile = deviations
        for hour in 0..<24 { profile[hour] = deviations[hour] / (seen[hour] + Self.priorDays) }
        self.profile = profile
    }

    /// Numbers that `values` holds.
    package static let valueCount = 30

    /// A memory from what `values` gave.
    package init(values: [Float]) {
        precondition(values.count == Self.valueCount, "\(Self.valueCount) numbers")
        squaredChanges = SIMD4(values[0], values[1], values[2], values[3])
        pairs = values[4]
        mean = values[5]
        var profile = InlineArray<24, Float>(repeating: 0)
        for hour in 0..<24 { profile[hour] = values[6 + hour] }
        self.profile = profile
    }

    /// Mean squared changes over 1, 4, 12 and 24 hours, pairs, mean, then the profile.
    package var values: [Float] {
        (0..<4).map { squaredChanges[$0] } + [pairs, mean] + (0..<24).map { profile[$0] }
    }

    package static func == (a: StationMemory, b: StationMemory) -> Bool { a.values == b.values }

    /// ln of the root mean squared change over 1, 4, 12 and 24 hours, in ln µg/m³; .05 (µg/m³)² are added to each square.
    var logChanges: SIMD4<Float> {
        var squares = Lanes(repeating: 1)
        for index in 0..<4 { squares[index] = squaredChanges[index] + 0.05 }
        return squares.logarithm().lowHalf.lowHalf / 2
    }
}
