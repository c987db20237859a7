public import Forecast

/// How long a value stands in for missing ones.
///
/// PM2.5 changes within hours, so an old value says little; weather holds longer. Beyond the limit there is no forecast:
/// a gap is never closed up, because the network would take 23:00 and 01:00 for neighbours.
public enum GapRule {
    /// Hours that PM2.5 is carried forward.
    public static let pm25Hours = 3
    /// Hours that each weather measure is carried forward.
    public static let weatherHours = 6

    /// Why a station has no forecast for its newest reading.
    public struct Outage: Error, Hashable, Sendable, CustomStringConvertible {
        /// One line for `hazecast.status`.
        public let description: String
    }

    /// The last value of one measure and how many hours old it is.
    private struct Carried {
        let limit: Int
        var value: Float = .nan
        var age = Int.max / 2

        mutating func next(_ newer: Float) {
            if newer.isNaN { age += 1 } else { (value, age) = (newer, 0) }
        }

        var holds: Bool { age <= limit }
    }

    /// The window that a forecast is made from, its gaps filled, or why there is none.
    ///
    /// Wind is calm or variable (direction NaN) where a speed came without a direction, and carried where both are
    /// missing.
    public static func fill(_ readings: StationWindow) throws(Outage) -> Window {
        var steps = [Measures](repeating: Measures(), count: Window.length)
        let outage = steps.withUnsafeMutableBufferPointer { steps -> Outage? in
            do throws(Outage) { try fill(readings, into: steps) } catch { return error }
            return nil
        }
        if let outage { throw outage }
        return Window(origin: readings.newest, steps: steps)
    }

    /// The same into memory that is there: `Window.length` steps.
    public static func fill(
        _ readings: borrowing StationWindow, into steps: UnsafeMutableBufferPointer<Measures>
    ) throws(Outage) {
        precondition(steps.count == Window.length, "room for a window")
        var pm25 = Carried(limit: pm25Hours)
        var dewPoint = Carried(limit: weatherHours)
        var temperature = Carried(limit: weatherHours)
        var pressure = Carried(limit: weatherHours)
        var windSpeed = Carried(limit: weatherHours)
        var windDirection = Float.nan
        var missing: (column: StaticString, limit: Int, back: Int)?

        readings.forEachNewest(StationWindow.hours) { back, reading in
            pm25.next(reading.pm25)
            dewPoint.next(reading.dewPoint)
            temperature.next(reading.temperature)
            pressure.next(reading.pressure)
            windSpeed.next(reading.windSpeed)
            if !reading.windDirection.isNaN || !reading.windSpeed.isNaN { windDirection = reading.windDirection }
            if back >= Window.length { return }
            if !pm25.holds { missing = ("pm25", pm25Hours, back) }
            if !dewPoint.holds { missing = missing ?? ("dew_point", weatherHours, back) }
            if !temperature.holds { missing = missing ?? ("temperature", weatherHours, back) }
            if !pressure.holds { missing = missing ?? ("pressure", weatherHours, back) }
            if !windSpeed.holds { missing = missing ?? ("wind_speed", weatherHours, back) }
            steps[Window.length - 1 - back] = Measures(
                pm25: pm25.value, dewPoint: dewPoint.value, temperature: temperature.value,
                pressure: pressure.value, windDirection: windDirection, windSpeed: windSpeed.value)
        }
        if let missing {
            let hour = readings.newest.advanced(by: -missing.back)
            throw Outage(
                description: "\(missing.column) missing at \(hour) and the \(missing.limit) hours before; "
                    + "a forecast needs the \(Window.length) hours up to \(readings.newest)")
        }
    }
}
