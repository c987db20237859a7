package import Forecast

/// What becomes of the missing hours of a window.
///
/// A missing PM2.5 stays missing: models that bear gaps know of it. Weather is carried forward for at most six hours. A gap is
/// never closed up, because a network would take 23:00 and 01:00 for neighbours.
public enum GapRule {
    /// Hours that each weather measure is carried forward.
    public static let weatherHours = RelativeSeries.weatherHours
    /// Hours that PM2.5 is carried forward for models that bear no gaps.
    static let pm25Hours = 3

    /// Why a station has no forecast for its newest reading, or none by its model.
    public struct Outage: Error, Hashable, Sendable, CustomStringConvertible {
        /// One line for `hazecast.status`.
        public let description: String

        /// An outage for a reason.
        package init(description: String) { self.description = description }
    }

    /// The last value of one measure and how many hours old it is.
    private struct Carried {
        var value: Float = .nan
        var age = Int.max / 2

        mutating func next(_ newer: Float) {
            if newer.isNaN { age += 1 } else { (value, age) = (newer, 0) }
        }

        /// NaN where it is too old.
        var held: Float { age <= weatherHours ? value : .nan }
    }

    /// The window that a forecast is made from, and what it rests on.
    ///
    /// - Throws: where the newest hour is no origin.
    package static func fill(
        _ readings: StationWindow, hasMemory: Bool = false
    ) throws(Outage) -> (window: Window, basis: ForecastBasis) {
        var steps = [Measures](repeating: Measures(), count: Window.length)
        let result = steps.withUnsafeMutableBufferPointer { steps -> Result<ForecastBasis, Outage> in
            do throws(Outage) {
                return .success(try fill(readings, into: steps, hasMemory: hasMemory))
            } catch { return .failure(error) }
        }
        return (Window(origin: readings.newest, steps: steps), try result.get())
    }

    /// The same into memory that is there: `Window.length` steps.
    ///
    /// PM2.5 from −10 to 0 µg/m³ becomes 0. Wind is calm or variable (direction NaN) where a speed came without a direction, and
    /// carried where both are missing.
    ///
    /// - Parameter hasMemory: whether the station has one; fewer hours are enough then.
    /// - Throws: where the newest hour has no PM2.5 that passed quality control. PM2.5 that is merely stuck makes an origin that
    ///   rests on persistence.
    package static func fill(
        _ readings: borrowing StationWindow, into steps: UnsafeMutableBufferPointer<Measures>, hasMemory: Bool
    ) throws(Outage) -> ForecastBasis {
        precondition(steps.count == Window.length, "room for a window")
        var dewPoint = Carried()
        var temperature = Carried()
        var pressure = Carried()
        var windSpeed = Carried()
        var windDirection = Float.nan
        var last = Float.nan
        var present = 0

        readings.forEachNewest(StationWindow.hours) { back, reading in
            dewPoint.next(reading.dewPoint)
            temperature.next(reading.temperature)
            pressure.next(reading.pressure)
            windSpeed.next(reading.windSpeed)
            if !reading.windDirection.isNaN || !reading.windSpeed.isNaN { windDirection = reading.windDirection }
            if back >= Window.length { return }
            var step = Measures(
                pm25: reading.pm25, dewPoint: dewPoint.held, temperature: temperature.held, pressure: pressure.held,
                windDirection: windDirection, windSpeed: windSpeed.held)
            step.clampPM25()
            if step.windSpeed.isNaN { step.windDirection = .nan }
            if !step.pm25.isNaN { (last, present) = (step.pm25, present + 1) }
            steps[Window.length - 1 - back] = step
        }
        if steps[Window.length - 1].pm25.isNaN {
            guard readings.isStuck, present > 0 else {
                throw Outage(description: "no forecast: pm25 at \(readings.newest) did not pass quality control")
            }
            steps[Window.length - 1].pm25 = last
            return .persistence
        }
        if present == Window.length { return .full }
        return present >= Window.leastHours(hasMemory: hasMemory) ? .partial : .persistence
    }

    /// Fills a window's gaps for a model that bears none: PM2.5 is carried for at most three hours, at the beginning backwards.
    ///
    /// - Throws: what is missing; the steps are not to be used then.
    package static func close(_ steps: UnsafeMutableBufferPointer<Measures>) throws(Outage) {
        var missing: StaticString?
        for step in steps {
            if step.dewPoint.isNaN { missing = missing ?? "dew_point" }
            if step.temperature.isNaN { missing = missing ?? "temperature" }
            if step.pressure.isNaN { missing = missing ?? "pressure" }
            if step.windSpeed.isNaN { missing = missing ?? "wind_speed" }
        }
        if let missing { throw Outage(description: "\(missing) is missing in the window") }
        guard let first = steps.firstIndex(where: { !$0.pm25.isNaN }) else {
            throw Outage(description: "pm25 is missing in the window")
        }
        var age = first
        for index in steps.indices {
            age = steps[index].pm25.isNaN ? (index < first ? first : age + 1) : 0
            if age > pm25Hours {
                throw Outage(description: "pm25 is missing for more than \(pm25Hours) hours of the window")
            }
            if steps[index].pm25.isNaN { steps[index].pm25 = steps[index < first ? first : index - 1].pm25 }
        }
    }
}
