/// A station's series as a relative model sees it: only what was known at an origin, and nothing of it filled but weather,
/// which is carried forward for at most six hours.
package struct RelativeSeries: Sendable {
    /// Hours that each weather measure is carried forward.
    package static let weatherHours = 6

    /// As it was given, but that PM2.5 from −10 to 0 µg/m³ is 0 and PM2.5 below is missing.
    package let series: HourlySeries
    /// The same with weather carried forward.
    let rows: [Measures]
    /// UTC days since 1970 of the first of `days`.
    private let firstDay: Int
    /// Each UTC day of the series, with what the day before lends it.
    private let days: [DaySums]
    /// Each UTC day as if nothing had been read before it.
    private let freshDays: [DaySums]

    /// A series of readings in µg/m³, °C, hPa and m/s.
    package init(_ series: HourlySeries) {
        var clean = series
        for index in clean.measures.indices { clean.measures[index].clampPM25() }
        self.series = clean
        rows = Self.carried(clean.measures)
        let start = series.start.day
        firstDay = start
        let lead = Int(series.start.hoursSinceEpoch) - start * 24
        let pm25 = Array(repeating: Float.nan, count: 24 + lead) + clean.measures.map(\.pm25)
        let dayCount = (pm25.count - 24 + 23) / 24
        let padded = pm25 + Array(repeating: .nan, count: 24 + dayCount * 24 - pm25.count)
        let nothing = [Float](repeating: .nan, count: 24)
        days = (0..<dayCount).map { DaySums(of: padded[$0 * 24..<$0 * 24 + 48]) }
        freshDays = (0..<dayCount).map { DaySums(of: nothing + padded[$0 * 24 + 24..<$0 * 24 + 48]) }
    }

    /// Degrees east, and what the days before an origin say of the station.
    ///
    /// - Parameters:
    ///   - origin: index of the origin's row.
    ///   - days: how many days before the origin's UTC day anything is known of; nil: all.
    func context(at origin: Int, days: Int? = nil) -> StationContext {
        StationContext(longitude: series.longitude, memory: memory(at: origin, days: days))
    }

    /// The memory as of the midnight before an origin.
    func memory(at origin: Int, days known: Int? = nil) -> StationMemory? {
        let day = series.start.advanced(by: origin).day - firstDay
        guard let known, known <= StationMemory.days, day - known >= 0 else {
            return StationMemory(adding: days[max(0, day - StationMemory.days)..<day])
        }
        guard known > 0 else { return nil }
        return StationMemory(adding: [freshDays[day - known]] + days[day - known + 1..<day])
    }

    /// The 24 hours up to an origin.
    func window(at origin: Int) -> ArraySlice<Measures> { rows[origin - Window.length + 1...origin] }

    /// Hours with PM2.5 among the 24 up to a row.
    func presentHours(at origin: Int) -> Int { window(at: origin).count { !$0.pm25.isNaN } }

    /// Rows of a range that are origins of a forecast by a model: they and enough hours before them have PM2.5.
    ///
    /// - Parameter days: as `context(at:days:)` has it; without a memory it takes more hours.
    func origins(in range: Range<Int>, days: Int? = 0) -> [Int] {
        var (day, hasMemory) = (Int.min, false)
        return range.clamped(to: Window.length - 1..<max(rows.count, Window.length - 1)).filter { row in
            if rows[row].pm25.isNaN { return false }
            let present = presentHours(at: row)
            if present >= Window.leastHours(hasMemory: false) { return true }
            if series.start.advanced(by: row).day != day {
                day = series.start.advanced(by: row).day
                hasMemory = memory(at: row, days: days) != nil
            }
            return present >= Window.leastHours(hasMemory: hasMemory)
        }
    }

    /// PM2.5 observed at a lead after an origin in µg/m³, NaN where it was not.
    func observed(_ origin: Int, _ lead: Int) -> Float {
        origin + lead < rows.count ? rows[origin + lead].pm25 : .nan
    }

    /// Mean squared error of persistence at each lead over some origins, in (µg/m³)²; NaN where nothing was observed.
    func persistenceErrors(at origins: [Int]) -> [Float] {
        (1...Forecast.leads).map { lead in
            var (sum, count) = (0.0, 0)
            for origin in origins {
                let error = observed(origin, lead) - rows[origin].pm25
                if !error.isNaN { (sum, count) = (sum + Double(error * error), count + 1) }
            }
            return Float(sum / Double(count))
        }
    }

    private static func carried(_ hours: [Measures]) -> [Measures] {
        var rows = hours
        var known = Measures()
        var age = (dewPoint: weatherHours, temperature: weatherHours, pressure: weatherHours, wind: weatherHours)
        func carry(_ value: inout Float, _ last: inout Float, _ age: inout Int) {
            age = value.isNaN ? age + 1 : 0
            if value.isNaN { value = age <= weatherHours ? last : .nan } else { last = value }
        }
        for index in rows.indices {
            carry(&rows[index].dewPoint, &known.dewPoint, &age.dewPoint)
            carry(&rows[index].temperature, &known.temperature, &age.temperature)
            carry(&rows[index].pressure, &known.pressure, &age.pressure)
            carry(&rows[index].windSpeed, &known.windSpeed, &age.wind)
        }
        return rows
    }
}

extension Measures {
    /// PM2.5 down to this many µg/m³ is an instrument's noise around clean air, and counts as 0.
    package static let leastPM25: Float = -10

    /// Makes small negative PM2.5 zero, and PM2.5 that no instrument gives missing.
    package mutating func clampPM25() {
        if pm25 < 0 { pm25 = pm25 < Self.leastPM25 ? .nan : 0 }
    }
}

extension Window {
    /// Hours with PM2.5 that a model needs among a window's 24, the origin's among them. Down to there its skill at unseen
    /// stations is above 0: .12 from three hours, and .25 from the origin alone where the station has a memory.
    package static func leastHours(hasMemory: Bool) -> Int { hasMemory ? 1 : 3 }
}

extension UTCHour {
    /// UTC days since 1970-01-01, rounded down.
    package var day: Int { Int((Double(hoursSinceEpoch) / 24).rounded(.down)) }
}
