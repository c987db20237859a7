import Foundation

/// What a forecast knows of a station beside its window.
package struct StationContext: Sendable, Equatable {
    /// Degrees east; nil where unknown.
    package var longitude: Double?
    /// What the station's last days say; nil where there are too few.
    package var memory: StationMemory?

    /// A context; what is not given is unknown.
    package init(longitude: Double? = nil, memory: StationMemory? = nil) {
        self.longitude = longitude
        self.memory = memory
    }
}

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
    /// 1 where the longitude is known, else NaN.
    private(set) var clockKnown = Lanes.zero
    private(set) var memory = MemoryLanes()

    private let storage: UnsafeMutablePointer<Lanes>

    init(rows: Int) {
        self.rows = rows
        let storage = UnsafeMutablePointer<Lanes>.allocate(capacity: 8 * rows)
        storage.initialize(repeating: .zero, count: 8 * rows)
        (pm25, dewPoint, temperature) = (storage, storage + rows, storage + 2 * rows)
        (pressure, windDirection, windSpeed) = (storage + 3 * rows, storage + 4 * rows, storage + 5 * rows)
        (windEast, windNorth) = (storage + 6 * rows, storage + 7 * rows)
        self.storage = storage
    }

    deinit {
        storage.deallocate()
    }

    /// Puts one window into a lane.
    ///
    /// - Parameters:
    ///   - hours: oldest first, at least one and at most `rows`; the last one is repeated to fill them.
    ///   - lastHour: when the last row is.
    ///   - context: what is known of the station.
    func load(_ hours: ArraySlice<Measures>, lastHour: UTCHour, _ context: StationContext, lane: Int) {
        hours.withUnsafeBufferPointer { load($0, lastHour: lastHour, context, lane: lane) }
    }

    func load(_ hours: UnsafeBufferPointer<Measures>, lastHour: UTCHour, _ context: StationContext, lane: Int) {
        self.lastHour[lane] = Float(lastHour.hourOfDay) + Float((context.longitude ?? 0) / 15)
        clockKnown[lane] = context.longitude == nil ? .nan : 1
        memory.load(context.memory, lastHour: lastHour, lane: lane)
        let column = rows * Lanes.scalarCount
        UnsafeMutableRawPointer(storage).withMemoryRebound(to: Float.self, capacity: 6 * column) { numbers in
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

/// The memories of 16 stations side by side; NaN where there is none.
struct MemoryLanes {
    /// ln of the RMS change over 1, 4, 12 and 24 hours in ln µg/m³.
    private(set) var logChanges = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    /// Mean PM2.5 in µg/m³.
    private(set) var mean = Lanes.zero
    /// Pairs of hours a day apart.
    private(set) var pairs = Lanes.zero
    /// Relative deviation at the hour of the day of each of the 24 hours after the origin.
    private(set) var profile = InlineArray<24, Lanes>(repeating: .zero)

    /// Puts a station into a lane.
    mutating func load(_ memory: StationMemory?, lastHour: UTCHour, lane: Int) {
        let logs = memory?.logChanges ?? SIMD4(repeating: .nan)
        logChanges.0[lane] = logs[0]
        logChanges.1[lane] = logs[1]
        logChanges.2[lane] = logs[2]
        logChanges.3[lane] = logs[3]
        mean[lane] = memory?.mean ?? .nan
        pairs[lane] = memory?.pairs ?? .nan
        for step in 0..<Window.length {
            profile[step][lane] = memory?.profile[(lastHour.hourOfDay + 1 + step) % 24] ?? .nan
        }
    }
}

extension MemoryLanes {
    /// For each lead, from 0: the hours before and after it among 1, 4, 12 and 24, and how far it lies between their logarithms.
    private static let places: [(before: Int, share: Float)] = (1...Forecast.leads).map { lead in
        let knots = [1, 4, 12, 24]
        let before = min(knots.lastIndex { $0 <= lead } ?? 0, 2)
        let share = log(Double(lead) / Double(knots[before])) / log(Double(knots[before + 1]) / Double(knots[before]))
        return (before, Float(share))
    }

    /// RMS change over a lead, from 0, in µg/m³, between those that are known by the logarithms of both; NaN without a memory.
    ///
    /// Widened by 12 / pairs: what few days say is uncertain, and bands in its multiples would hold too seldom.
    func change(lead: Int) -> Lanes {
        let (before, share) = Self.places[lead]
        let knots = [logChanges.0, logChanges.1, logChanges.2, logChanges.3]
        return (knots[before] * (1 - share) + knots[before + 1] * share).exponential() * (1 + 12 / pairs)
    }
}
