/// What one UTC day of a station's PM2.5 adds to the station's memory: partial sums, added up over at most 30 days.
///
/// Values below zero count as zero before they come here.
package struct DaySums: Sendable, Equatable {
    /// Hours over which changes are taken.
    package static let lags = [1, 4, 12, 24]
    /// Hours that a mean needs of the 24 up to an hour.
    private static let leastHours: Int32 = 18
    /// µg/m³ added to a mean that deviations are divided by, so that clean air does not make them large.
    private static let floor: Float = 3
    /// Range of a deviation: a single spike must not become the profile.
    private static let deviationRange: ClosedRange<Float> = -1...2

    /// Sums of squared changes over each of `lags` in (µg/m³)², of pairs whose later hour belongs to the day.
    package var squaredChanges = SIMD4<Float>()
    /// Pairs in each sum.
    package var pairs = SIMD4<Int32>()
    /// Sum of PM2.5 in µg/m³.
    package var sum: Float = 0
    /// Hours with PM2.5.
    package var count: Int32 = 0
    /// By UTC hour of the day: (PM2.5 − m) / (m + 3 µg/m³), clipped to −1…2, where m is the mean of the 24 hours up to the
    /// hour; NaN where the hour is missing or m rests on fewer than 18 hours. 24 values.
    package var deviations = [Float](repeating: .nan, count: 24)

    /// The sums of a day without readings.
    package init() {}

    /// Adds up a day.
    ///
    /// - Parameter pm25: 48 hours in µg/m³, NaN where missing: the day before, then the day itself.
    package init(of pm25: some RandomAccessCollection<Float>) {
        precondition(pm25.count == 48, "the day before and the day")
        let hours = Array(pm25)
        var recent = (sum: Float(0), count: Int32(0))
        for hour in 0..<48 {
            if !hours[hour].isNaN { recent = (recent.sum + hours[hour], recent.count + 1) }
            if hour >= 24, !hours[hour - 24].isNaN {
                recent = (recent.sum - hours[hour - 24], recent.count - 1)
            }
            guard hour >= 24, !hours[hour].isNaN else { continue }
            let value = hours[hour]
            sum += value
            count += 1
            for (index, lag) in Self.lags.enumerated() where !hours[hour - lag].isNaN {
                let change = value - hours[hour - lag]
                squaredChanges[index] += change * change
                pairs[index] += 1
            }
            if recent.count >= Self.leastHours {
                let mean = max(recent.sum, 0) / Float(recent.count)
                let deviation = (value - mean) / (mean + Self.floor)
                deviations[hour - 24] = min(
                    max(deviation, Self.deviationRange.lowerBound), Self.deviationRange.upperBound)
            }
        }
    }
}
