/// The measures of 16 windows side by side, in their own units.
///
/// Not Sendable on purpose: one owner reuses it for one block of windows after another.
final class MeasureLanes {
    /// Hours of each window.
    let rows: Int
    /// `rows` values each, the oldest first.
    let pm25, dewPoint, temperature, pressure, windDirection, windSpeed: UnsafeMutablePointer<Lanes>
    /// Wind speed FROM the east and FROM the north in m/s, 0 for calm or variable wind; `resolveWind` writes them.
    let windEast, windNorth: UnsafeMutablePointer<Lanes>
    /// Hour of the day of the last row, 0…24 and up to 12 off that: local solar time where the longitude is known.
    private(set) var lastHour = Lanes.zero

    private let memory: UnsafeMutablePointer<Lanes>

    init(rows: Int) {
        self.rows = rows
        let memory = UnsafeMutablePointer<Lanes>.allocate(capacity: 8 * rows)
        memory.initialize(repeating: .zero, count: 8 * rows)
        (pm25, dewPoint, temperature) = (memory, memory + rows, memory + 2 * rows)
        (pressure, windDirection, windSpeed) = (memory + 3 * rows, memory + 4 * rows, memory + 5 * rows)
        (windEast, windNorth) = (memory + 6 * rows, memory + 7 * rows)
        self.memory = memory
    }

    deinit {
        memory.deallocate()
    }

    /// Puts one window into a lane.
    ///
    /// - Parameters:
    ///   - hours: oldest first, at least one and at most `rows`; the last one is repeated to fill them.
    ///   - lastHour: when the last row is.
    ///   - longitude: in degrees east; nil where it is not known.
    func load(_ hours: ArraySlice<Measures>, lastHour: UTCHour, longitude: Double?, lane: Int) {
        hours.withUnsafeBufferPointer { load($0, lastHour: lastHour, longitude: longitude, lane: lane) }
    }

    func load(_ hours: UnsafeBufferPointer<Measures>, lastHour: UTCHour, longitude: Double?, lane: Int) {
        self.lastHour[lane] = Float(lastHour.hourOfDay) + Float((longitude ?? 0) / 15)
        let column = rows * Lanes.scalarCount
        UnsafeMutableRawPointer(memory).withMemoryRebound(to: Float.self, capacity: 6 * column) { numbers in
            for t in 0..<rows {
                let hour = hours[min(t, hours.count - 1)]
                let place = numbers + t * Lanes.scalarCount + lane
                place[0] = hour.pm25
                place[column] = hour.dewPoint
                place[2 * column] = hour.temperature
                place[3 * column] = hour.pressure
                place[4 * column] = hour.windDirection
                place[5 * column] = hour.windSpeed
            }
        }
    }

    /// Works out `windEast` and `windNorth`.
    func resolveWind() {
        for t in 0..<rows {
            let direction = windDirection[t]
            let isVariable = direction .!= direction
            let (sine, cosine) = Lanes.sineAndCosine(degrees: direction.replacing(with: 0, where: isVariable))
            windEast[t] = (windSpeed[t] * sine).replacing(with: 0, where: isVariable)
            windNorth[t] = (windSpeed[t] * cosine).replacing(with: 0, where: isVariable)
        }
    }
}
