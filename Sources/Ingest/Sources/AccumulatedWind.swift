import Forecast

/// Turns wind that is accumulated while its direction stays the same back into hourly speed.
///
/// A new direction begins a new sum, and so does a sum that falls while the direction stays. The speed of an hour is known
/// only beside the hour before it: at the beginning of a file and behind a gap the sum may hold several hours, so the
/// speed is missing there. An hour that comes twice is differenced against the same hour before.
struct AccumulatedWind {
    private struct Hour {
        let hour: UTCHour
        let wind: Wind
        /// m/s, summed over the hours that the wind has blown from there.
        let sum: Double
    }

    private var before: Hour?
    private var latest: Hour?

    /// Speed of one hour in m/s, or NaN where it cannot be known.
    ///
    /// - Parameters:
    ///   - sum: the accumulated speed in m/s.
    ///   - beginsSeries: nothing precedes this hour at its station, so the sum is the hour's own.
    mutating func speed(at hour: UTCHour, wind: Wind, sum: Double, beginsSeries: Bool) -> Double {
        if latest?.hour != hour { before = latest }
        latest = Hour(hour: hour, wind: wind, sum: sum)
        if wind == .missing { return .nan }
        guard let before, before.hour.advanced(by: 1) == hour, before.wind != .missing else {
            return beginsSeries ? sum : .nan
        }
        if wind != before.wind { return sum }
        return sum < before.sum ? sum : sum - before.sum
    }
}
