public import Forecast
import Foundation

/// Readings of stations that do not exist: plausible, and the same for the same seed.
///
/// A region shares its weather: temperature and pressure fronts that pass over days, wind that holds its direction for
/// hours. Each station adds its own small departures. PM2.5 builds up in still, humid air and at rush hours, is washed out
/// by wind, and follows an autoregressive process on its logarithm. A few hours are missing altogether and a few lack
/// PM2.5. Hours come in order, and within an hour the stations.
///
/// A station's readings depend on the seed, the hours and the station's number only, not on how many stations there are.
public struct SimulatedReadings: Sequence, IteratorProtocol {
    /// One region's weather, in hourly steps; the standard deviations are those of a mid-latitude continental city.
    private struct Region {
        var random: SplitMix64
        /// Slow departures from the season, in standard deviations: of temperature, pressure, moisture, air quality.
        var temperature, pressure, moisture, haze: Double
        /// Wind towards the east and the north, m/s.
        var east, north: Double

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            (temperature, pressure, moisture, haze) = (
                random.normal(), random.normal(), random.normal(), random.normal()
            )
            (east, north) = (2 * random.normal(), 2 * random.normal())
        }

        mutating func step() {
            temperature = random.step(temperature, memory: 0.985)
            // High pressure follows cold air.
            pressure = random.step(pressure, memory: 0.985, towards: -0.02 * temperature)
            moisture = random.step(moisture, memory: 0.98)
            east = 2 * random.step(east / 2, memory: 0.93)
            north = 2 * random.step(north / 2, memory: 0.93)
            let speed = (east * east + north * north).squareRoot()
            haze = random.step(haze, memory: 0.98, towards: 0.02 * (1.5 - speed) + 0.008 * moisture)
        }
    }

    private struct Station {
        var random: SplitMix64
        let name: String
        let warmth, level: Double
        var haze: Double
        /// Hours that the station will stay silent.
        var silent = 0

        init(number: Int, seed: UInt64) {
            random = SplitMix64(seed: seed ^ (UInt64(number) &* 0xD1B5_4A32_D192_ED03))
            let digits = String(number)
            name = "sim-" + String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
            (warmth, level, haze) = (random.normal(), 0.2 * random.normal(), random.normal())
        }

        mutating func reading(_ hour: UTCHour, _ region: Region) -> Measures? {
            haze = random.step(haze, memory: 0.9)
            let day = 2 * Double.pi * Double(hour.hourOfDay - 15) / 24
            let year = 2 * Double.pi * Double(hour.hoursSinceEpoch % 8766) / 8766
            let temperature =
                12 - 14 * cos(year) + 4 * cos(day) + 5 * region.temperature + warmth + 0.3 * random.normal()
            let depression = exp(2 + 0.15 * cos(day) - 0.6 * region.moisture)
            let east = region.east + 0.4 * random.normal()
            let north = region.north + 0.4 * random.normal()
            let speed = (east * east + north * north).squareRoot()
            let rush = 0.12 * cos(2 * day + 1) - 0.1 * cos(day)
            let pm25 = exp(3.9 + level + 0.2 * cos(year) + rush + 0.75 * region.haze + 0.15 * haze)
            let isSilent = silence()
            let lacksPM25 = Double.random(in: 0..<1, using: &random) < 0.01
            if isSilent { return nil }
            return Measures(
                pm25: lacksPM25 ? .nan : Self.rounded(pm25, 1), dewPoint: Self.rounded(temperature - depression, 10),
                temperature: Self.rounded(temperature, 10),
                pressure: Self.rounded(1016 + 6 * cos(year) + 7 * region.pressure + 0.2 * random.normal(), 10),
                // The direction that the wind comes from; below a light breeze it is variable.
                windDirection: speed < 0.6
                    ? .nan : Self.rounded(atan2(-east, -north) * 180 / .pi + 360, 1, modulo: 360),
                windSpeed: Self.rounded(speed, 10))
        }

        /// Whether the station says nothing this hour: 1 to 5 hours at a time, one in 150.
        private mutating func silence() -> Bool {
            let begins = Double.random(in: 0..<1, using: &random) < 0.0025
            let length = Int.random(in: 1...5, using: &random)
            if silent == 0, begins { silent = length }
            silent = Swift.max(0, silent - 1)
            return silent > 0
        }

        /// Rounded as an instrument would; exactly the same on every machine, unlike the functions that it came from.
        private static func rounded(_ value: Double, _ perUnit: Double, modulo: Double? = nil) -> Float {
            let value = (value * perUnit).rounded() / perUnit
            return Float(modulo.map { value.truncatingRemainder(dividingBy: $0) } ?? value)
        }
    }

    private var region: Region
    private var stations: [Station]
    private var hours: Range<UTCHour>
    private var number = 0

    /// - Parameters:
    ///   - stations: named `sim-0001`, `sim-0002`, …
    ///   - hours: what is simulated.
    ///   - seed: another seed is another region.
    public init(stations: Int, hours: Range<UTCHour>, seed: UInt64) {
        region = Region(seed: seed)
        self.stations = (0..<stations).map { Station(number: $0 + 1, seed: seed) }
        self.hours = hours
    }

    /// The next reading; the hours that a station is silent have none.
    public mutating func next() -> ParsedReading? {
        while let hour = hours.first, !stations.isEmpty {
            if number == 0 { region.step() }
            let measures = stations[number].reading(hour, region)
            let station = stations[number].name
            number += 1
            if number == stations.count {
                number = 0
                hours = hour.advanced(by: 1)..<hours.upperBound
            }
            if let measures { return ParsedReading(station: station, hour: hour, measures: measures) }
        }
        return nil
    }
}

extension SplitMix64 {
    /// A number from the standard normal distribution.
    fileprivate mutating func normal() -> Double { Double(nextNormal()) }

    /// The next step of an autoregressive process of unit variance.
    fileprivate mutating func step(_ value: Double, memory: Double, towards drift: Double = 0) -> Double {
        memory * value + (1 - memory * memory).squareRoot() * normal() + drift
    }
}
