import Foundation
import Testing

@testable import Forecast

@Suite struct WindowEncoderTests {
    /// Features of hours as they are; RelativeEncoderTests has the others.
    private static let features = Feature.allCases.filter { !$0.isRelative }

    /// What a feature is, by the book, of the hour at `t` of a window.
    private func plain(_ feature: Feature, _ hours: [Measures], _ t: Int, _ origin: UTCHour, _ longitude: Double?)
        -> Double
    {
        func wind(_ t: Int, _ axis: (Double) -> Double) -> Double {
            let hour = hours[t]
            return hour.windDirection.isNaN ? 0 : Double(hour.windSpeed) * axis(Double(hour.windDirection) * .pi / 180)
        }
        func mean(_ axis: (Double) -> Double) -> Double {
            let rows = max(t - 5, 0)...t
            return rows.reduce(0) { $0 + wind($1, axis) } / Double(rows.count)
        }
        func change(_ back: Int, _ measure: KeyPath<Measures, Float>) -> Double {
            Double(hours[t][keyPath: measure]) - Double(hours[max(t - back, 0)][keyPath: measure])
        }
        let clock = (Double(origin.hourOfDay - (hours.count - 1 - t)) + (longitude ?? 0) / 15) * .pi / 12
        let hour = hours[t]
        return switch feature {
        case .pm25: Double(hour.pm25)
        case .dewPoint: Double(hour.dewPoint)
        case .temperature: Double(hour.temperature)
        case .pressure: Double(hour.pressure)
        case .windCode: Double(Feature.windCode(degrees: hour.windDirection))
        case .windSpeed: Double(hour.windSpeed)
        case .logPM25: log(Double(hour.pm25) + 5)
        case .windEast: wind(t, sin)
        case .windNorth: wind(t, cos)
        case .meanWindEast: mean(sin)
        case .meanWindNorth: mean(cos)
        case .hourSine: sin(clock)
        case .hourCosine: cos(clock)
        case .pm25Change1: change(1, \.pm25)
        case .pm25Change3: change(3, \.pm25)
        case .temperatureChange1: change(1, \.temperature)
        case .temperatureChange3: change(3, \.temperature)
        case .dewPointChange1: change(1, \.dewPoint)
        case .dewPointChange3: change(3, \.dewPoint)
        case .pressureChange3: change(3, \.pressure)
        default: .nan
        }
    }

    @Test(arguments: [nil, 116.4, -179.9] as [Double?])
    func everyFeatureIsWhatItSaysInItsUnit(longitude: Double?) {
        var random = SplitMix64(seed: 21)
        for window in randomWindows(5, using: &random) {
            let encoded = WindowEncoder.unscaled(Self.features)
                .encode(window.steps, lastHour: window.origin, longitude: longitude)
            for t in window.steps.indices {
                for (index, feature) in Self.features.enumerated() {
                    let ours = Double(encoded[t * Self.features.count + index])
                    let exact = plain(feature, window.steps, t, window.origin, longitude)
                    // A few roundings of float32, of values that are at most a thousand.
                    #expect(abs(ours - exact) < 1e-6 * max(abs(exact), 1) * 4, "\(feature) at \(t)")
                }
            }
        }
    }

    @Test func aWindowIsEncodedTheSameAloneAndBesideFifteenOthers() {
        var random = SplitMix64(seed: 22)
        let windows = randomWindows(16, using: &random)
        let scales = Feature.allCases.map { _ in Normalisation.Scale(offset: random.nextNormal(), scale: 7) }
        let encoder = WindowEncoder(features: Feature.allCases, scales: scales)
        let hours = MeasureLanes(rows: Window.length)
        for (lane, window) in windows.enumerated() {
            hours.load(
                window.steps[...], lastHour: window.origin, StationContext(longitude: Double(lane * 20)), lane: lane)
        }
        var together = [Lanes](repeating: .zero, count: Window.length * Feature.allCases.count)
        encoder.encode(hours, into: &together)
        for (lane, window) in windows.enumerated() {
            let alone = encoder.encode(window.steps, lastHour: window.origin, longitude: Double(lane * 20))
            #expect(alone == together.map { $0[lane] })
        }
    }

    @Test func aFaultyReadingDoesNotDrownTheOthers() {
        var hours = [Measures](repeating: Measures(pm25: 10, windSpeed: 1), count: 3)
        hours[1].pm25 = 9000
        let scale = Normalisation.Scale(offset: 0, scale: 2)
        let encoded = WindowEncoder(features: [.pm25Change1], scales: [scale])
            .encode(hours, lastHour: UTCHour(hoursSinceEpoch: 0), longitude: nil)
        #expect(encoded == [0, Feature.changeLimit, -Feature.changeLimit])
    }

    @Test func sineCosineAndLogarithmAreGoodToAFewBitsOfAFloat() {
        for step in -7_200...14_400 {
            let degrees = Float(step) / 20
            let (sine, cosine) = Lanes.sineAndCosine(degrees: Lanes(repeating: degrees))
            #expect(abs(Double(sine[3]) - sin(Double(degrees) * .pi / 180)) < 2e-7, "\(degrees)°")
            #expect(abs(Double(cosine[9]) - cos(Double(degrees) * .pi / 180)) < 2e-7, "\(degrees)°")
        }
        for step in 0...40_000 {
            let value = exp(Float(step) / 1000 - 20)
            let exact = log(Double(value))
            #expect(abs(Double(Lanes(repeating: value).logarithm()[5]) - exact) < 2e-7 * max(1, abs(exact)), "\(value)")
        }
    }

    @Test func theExponentialIsGoodToAFewBitsOfAFloat() {
        for step in -80_000...80_000 {
            let power = Float(step) / 1000
            let exact = exp(Double(power))
            #expect(abs(Double(Lanes(repeating: power).exponential()[11]) - exact) <= 2e-7 * exact, "\(power)")
        }
        #expect(Lanes.zero.exponential() == Lanes(repeating: 1))
    }

    @Test func theExponentialHoldsAtItsEndsAndKnowsWhatIsMissing() {
        var powers = Lanes(repeating: 1)
        (powers[0], powers[1], powers[2], powers[3]) = (.infinity, 81, -81, -.infinity)
        (powers[4], powers[5]) = (.nan, -.nan)
        let result = powers.exponential()
        let ends = (Lanes(repeating: 80).exponential()[0], Lanes(repeating: -80).exponential()[0])
        #expect(result[0] == ends.0 && result[1] == ends.0 && result[2] == ends.1 && result[3] == ends.1)
        #expect(result[4].isNaN && result[5].isNaN)
        #expect((6..<16).allSatisfy { result[$0] == Lanes(repeating: 1).exponential()[0] })
    }

    @Test func theLogarithmOfWhatIsMissingIsMissingAndOfTheRestItself() {
        var random = SplitMix64(seed: 23)
        var numbers = Lanes((0..<16).map { _ in Float.random(in: 1e-3...1e4, using: &random) })
        let known = numbers.knownLogarithm()
        #expect(known == numbers.logarithm())
        (numbers[2], numbers[9]) = (.nan, -.nan)
        let result = numbers.knownLogarithm()
        for lane in 0..<16 { #expect([2, 9].contains(lane) ? result[lane].isNaN : result[lane] == known[lane]) }
    }
}
