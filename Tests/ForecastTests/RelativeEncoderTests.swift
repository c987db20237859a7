import Foundation
import Testing

@testable import Forecast

/// Reference/encoder.json, made by Reference/encoder.py in float64.
struct EncoderReference: Decodable {
    struct Place: Decodable {
        let first: Int32
        let latitude, longitude: Double
        let pm25: [Float?]
    }

    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let place, origin, days: Int
        let clock, season: Bool
        /// Steps whose PM2.5 is withheld.
        let withheld: [Int]
        /// By measure, of the window's 24 hours.
        let weather: [String: [Float]]
        let scale: Double
        /// By feature: 24 steps, or one number where they are all the same; 0 where there is none.
        let x: [String: [Double]]

        var testDescription: String { name }
    }

    let places: [Place]
    let cases: [Case]

    static let all: EncoderReference = {
        do {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Reference/encoder.json")
            return try JSONDecoder().decode(EncoderReference.self, from: Data(contentsOf: file))
        } catch {
            Issue.record("Reference/encoder.json: \(error)")
            return EncoderReference(places: [], cases: [])
        }
    }()

    /// The window of a case and what is known of its station, by the code that training and backtests run.
    func window(_ number: Int) -> (steps: [Measures], origin: UTCHour, context: StationContext) {
        let (place, test) = (places[cases[number].place], cases[number])
        var series = HourlySeries(
            start: UTCHour(hoursSinceEpoch: place.first), measures: place.pm25.map { Measures(pm25: $0 ?? .nan) })
        series.longitude = test.clock ? place.longitude : nil
        series.latitude = test.season ? place.latitude : nil
        for step in 0..<Window.length {
            let row = test.origin - 23 + step
            series.measures[row].temperature = test.weather["temperature"]?[step] ?? .nan
            series.measures[row].dewPoint = test.weather["dew_point"]?[step] ?? .nan
            series.measures[row].pressure = test.weather["pressure"]?[step] ?? .nan
            series.measures[row].windSpeed = test.weather["wind_speed"]?[step] ?? .nan
        }
        let station = RelativeSeries(series)
        var steps = Array(station.window(at: test.origin))
        for step in test.withheld { steps[step].pm25 = .nan }
        return (
            steps, series.start.advanced(by: test.origin), station.context(at: test.origin, days: test.days)
        )
    }
}

private let features = Feature.relative.map(\.feature)
private let encoder = WindowEncoder(features: features, scales: Feature.relative.map(\.scale))

/// Steps × features of each window, 16 side by side.
private func encoded(_ windows: [Window], _ contexts: [StationContext]) -> [Lanes] {
    let hours = MeasureLanes(rows: Window.length)
    for (lane, window) in windows.enumerated() {
        hours.load(window.steps[...], lastHour: window.origin, contexts[lane], lane: lane)
    }
    var x = [Lanes](repeating: .zero, count: Window.length * features.count)
    encoder.encode(hours, into: &x)
    return x
}

private func encoded(_ window: Window, _ context: StationContext) -> [Float] {
    encoded([window], [context]).map { $0[0] }
}

@Suite struct RelativeEncoderTests {
    @Test(arguments: EncoderReference.all.cases.indices) func everyInputIsThatOfTheReference(_ number: Int) {
        let test = EncoderReference.all.cases[number]
        let (steps, origin, context) = EncoderReference.all.window(number)
        let x = encoded(Window(origin: origin, steps: steps), context)
        #expect(Set(test.x.keys).isSubset(of: features.map(\.rawValue)))
        for (index, feature) in features.enumerated() {
            let expected = test.x[feature.rawValue] ?? [0]
            for step in 0..<Window.length {
                let ours = Double(x[step * features.count + index])
                // Differences of float32s around 1,000 hPa are good to 1e-4 of themselves, the rest to a few bits; the
                // reference has six digits.
                let tolerance = feature == .pressureRelative || feature == .pressureChange3 ? 1e-4 : 1e-5
                let exact = expected[expected.count == 1 ? 0 : step]
                #expect(abs(ours - exact) < tolerance, "\(feature) at step \(step)")
            }
        }
        let hours = MeasureLanes(rows: Window.length)
        hours.load(steps[...], lastHour: origin, context, lane: 3)
        let scale = Double(WindowLanes.levelAndScale(hours.pm25).scale[3])
        #expect(abs(scale - test.scale) < 1e-5 * test.scale)
        #expect(abs(Double(WorldSamples.scale(of: steps[...])) - test.scale) < 1e-5 * test.scale)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func aLaneNeverSeesAnother(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let (windows, contexts) = gappyWindows(16, using: &random)
        let together = encoded(windows, contexts)
        let order = (0..<16).shuffled(using: &random)
        let others = encoded(order.map { windows[$0] }, order.map { contexts[$0] })
        for lane in 0..<16 {
            let own = together.map { $0[lane].bitPattern }
            #expect(own == encoded(windows[lane], contexts[lane]).map(\.bitPattern), "seed \(seed), lane \(lane)")
            let place = order.firstIndex(of: lane) ?? 0
            #expect(own == others.map { $0[place].bitPattern }, "seed \(seed), lane \(lane)")
            #expect(together.allSatisfy { $0[lane].isFinite }, "seed \(seed), lane \(lane)")
        }
    }

    private func column(_ x: [Float], _ feature: Feature) -> [Float] {
        let index = features.firstIndex(of: feature) ?? 0
        return (0..<Window.length).map { x[$0 * features.count + index] }
    }

    /// Features that go with a measure of which an hour is missing, its flag first.
    static let groups: [(missing: any WritableKeyPath<Measures, Float> & Sendable, features: [Feature])] = [
        (
            \.temperature,
            [
                .temperaturePresent, .temperatureRelative, .temperatureMean, .temperatureChange1, .temperatureChange3,
                .dewPointPresent, .dewPointDepression, .dewPointRelative, .dewPointChange3,
            ]
        ),
        (\.dewPoint, [.dewPointPresent, .dewPointDepression, .dewPointRelative, .dewPointChange3]),
        (\.pressure, [.pressurePresent, .pressureRelative, .pressureChange3]),
        (\.windSpeed, [.windSpeedPresent, .logWindSpeed, .logWindSpeedRelative]),
    ]

    @Test(arguments: groups.indices, [1, 2, 3] as [UInt64])
    func aGroupThatAnHourLacksIsAbsentAndTheOthersAreNot(_ number: Int, seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let group = Self.groups[number]
        let whole = try #require(randomWindows(1, using: &random).first)
        let x = encoded(whole, StationContext())
        #expect(column(x, group.features[0]) == Array(repeating: 1, count: Window.length))
        for hours in [[Int.random(in: 0..<24, using: &random)], Array(0..<24)] {
            var steps = whole.steps
            for hour in hours { steps[hour][keyPath: group.missing] = .nan }
            let without = encoded(Window(origin: whole.origin, steps: steps), StationContext())
            for feature in features {
                let isAbsent = group.features.contains(feature)
                let expected = isAbsent ? Array(repeating: 0, count: Window.length) : column(x, feature)
                #expect(column(without, feature) == expected, "seed \(seed), \(feature)")
                if isAbsent { #expect(column(x, feature).contains { $0 != 0 }, "\(feature)") }
            }
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>) func aMissingHourIsZeroAndSaysSo(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let window = try #require(randomWindows(1, using: &random).first)
        var steps = window.steps
        let missing = Set((0..<8).map { _ in Int.random(in: 0..<23, using: &random) })
        for step in missing { steps[step].pm25 = .nan }
        let x = encoded(Window(origin: window.origin, steps: steps), StationContext())
        for step in 0..<Window.length {
            func value(_ feature: Feature) -> Float { column(x, feature)[step] }
            let isMissing = missing.contains(step)
            #expect(value(.pm25Absent) == (isMissing ? 1 : 0), "seed \(seed)")
            #expect((value(.pm25Relative) == 0) == isMissing && (value(.logPM25Relative) == 0) == isMissing)
            for (feature, back) in [(Feature.pm25RelativeChange1, 1), (.pm25RelativeChange3, 3)] {
                let earlier = max(step - back, 0)
                let isUnknown = isMissing || missing.contains(earlier) || earlier == step
                #expect((value(feature) == 0) == isUnknown, "seed \(seed), \(feature) at \(step)")
            }
            #expect(value(.pm25Level) == column(x, .pm25Level)[0] && value(.pm25Level) != 0)
        }
    }

    @Test func withoutAPlaceThereIsNoClockAndNoSeason() throws {
        var random = SplitMix64(seed: 4)
        let (windows, contexts) = gappyWindows(40, using: &random)
        let clock: [Feature] = [.solarHourSine, .solarHourCosine, .clockPresent]
        let season: [Feature] = [.seasonSine, .seasonCosine, .seasonPresent]
        for (window, context) in zip(windows, contexts) {
            let x = encoded(window, context)
            for (names, isKnown) in [(clock, context.longitude != nil), (season, context.latitude != nil)] {
                for name in names { #expect(column(x, name).contains { $0 != 0 } == isKnown, "\(name)") }
            }
            // One does not need the other.
            let here = encoded(window, StationContext(longitude: context.longitude))
            for name in clock { #expect(column(here, name) == column(x, name)) }
        }
    }

    @Test func theSouthHasTheSeasonsOfHalfAYearLater() throws {
        let january = try #require(UTCHour(year: 2023, month: 1, day: 1, hour: 12))
        let july = try #require(UTCHour(year: 2023, month: 7, day: 2, hour: 12))
        // Leap days shift a year's first day by at most a day, which is a degree.
        #expect(min(january.season(latitude: 40), 360 - january.season(latitude: 40)) < 1)
        #expect(abs(january.season(latitude: -40) - 180) < 1)
        #expect(abs(july.season(latitude: 0) - 180) < 1.5)
        #expect(min(july.season(latitude: -0.1), 360 - july.season(latitude: -0.1)) < 1.5)
        for hour in stride(from: Int32(300_000), to: 500_000, by: 777) {
            #expect((0..<360).contains(UTCHour(hoursSinceEpoch: hour).season(latitude: hour % 2 == 0 ? 9 : -9)))
        }
    }

    @Test func aMemoryIsAGroup() throws {
        var random = SplitMix64(seed: 5)
        let (windows, contexts) = gappyWindows(30, using: &random)
        let names = features.filter { $0.rawValue.hasPrefix("memory") }
        #expect(names.count == 8)
        for (window, context) in zip(windows, contexts) {
            let x = encoded(window, context)
            let flag = column(x, .memoryPresent)
            #expect(flag == Array(repeating: context.memory == nil ? 0 : 1, count: Window.length))
            for name in names where context.memory == nil { #expect(column(x, name).allSatisfy { $0 == 0 }) }
            guard let memory = context.memory else { continue }
            #expect(column(x, .memoryProfile).contains { $0 != 0 })
            // The profile is that of the hours that are forecast.
            for step in 0..<Window.length {
                let hour = window.origin.advanced(by: step + 1).hourOfDay
                #expect(abs(column(x, .memoryProfile)[step] - memory.profile[hour] * 2) < 1e-6)
            }
        }
    }
}
