import Foundation

@testable import Forecast

/// A made-up station from 05:00 UTC on: PM2.5 with a daily course around a level in µg/m³, some hours of it missing,
/// and weather.
func someStation(hours: Int, level: Float = 20, missing: Float = 0.05, seed: UInt64) -> HourlySeries {
    var random = SplitMix64(seed: seed)
    var wander: Float = 0
    let measures = (0..<hours).map { hour in
        wander = 0.97 * wander + 0.08 * random.nextNormal()
        let course = 0.5 * sin(Float(hour) * .pi / 12) + wander
        let isMissing = Float.random(in: 0..<1, using: &random) < missing
        return Measures(
            pm25: isMissing ? .nan : level * exp(course), dewPoint: 5 + 3 * sin(Float(hour) / 40),
            temperature: 12 + 8 * sin(Float(hour) * .pi / 12), pressure: 1015 + 5 * sin(Float(hour) / 70),
            windDirection: .nan, windSpeed: 3 + 2 * sin(Float(hour) / 31))
    }
    var series = HourlySeries(start: UTCHour(hoursSinceEpoch: 400_013), measures: measures)
    series.longitude = 13
    series.latitude = 52
    return series
}

/// A relative model with random weights, and bands of each kind that no other kind has.
func someWorld(
    hidden: [Int] = [24, 24], members: Int = 3, limits: [ClosedRange<Float>]? = nil, seed: UInt64 = 30
) throws -> Model {
    var random = SplitMix64(seed: seed)
    let base = Architecture.world
    let architecture = Architecture(
        inputs: base.inputs, hidden: hidden, head: base.head, biases: base.biases, members: members)
    return try Model(
        name: "some", preset: "world", architecture: architecture,
        normalisation: Normalisation(
            inputs: Feature.relative.map(\.scale), output: Normalisation.Scale(offset: 0, scale: 1)),
        weights: (0..<architecture.parameterCount).map { _ in 0.2 * random.nextNormal() },
        bands: someBands(1), memoryBands: someBands(0.7), persistenceBands: someBands(1.3), limits: limits,
        training: .object([:]), scores: .object([:]))
}

/// Bands whose widths grow with the lead and the bin.
func someBands(_ width: Float) -> BandTable {
    BandTable(
        edges: (0..<Forecast.leads).map { _ in [-0.5, 0.5, 1.5] },
        residuals: (0..<Forecast.leads).map { lead in
            (0..<4).map { bin in
                [-1.5, -0.75, 0.875, 2].map { $0 * width * (1 + 0.1 * Float(bin)) * (1 + 0.05 * Float(lead)) }
            }
        })
}

/// Windows as they come to a relative model: hours and groups of weather missing in some, and as much known of their
/// stations.
func gappyWindows(_ count: Int, using random: inout SplitMix64) -> (windows: [Window], contexts: [StationContext]) {
    var contexts: [StationContext] = []
    let windows = randomWindows(count, using: &random).map { window in
        var steps = window.steps
        for measure in [\Measures.dewPoint, \.temperature, \.pressure, \.windSpeed] where Bool.random(using: &random) {
            let hour = Bool.random(using: &random) ? Int.random(in: 0..<Window.length, using: &random) : nil
            for step in steps.indices where hour == nil || hour == step { steps[step][keyPath: measure] = .nan }
        }
        let shares: [Double] = [0, 0.3, 0.9]
        let share: Double = shares.randomElement(using: &random) ?? 0
        for step in 0..<Window.length - 1 where Double.random(in: 0..<1, using: &random) < share {
            steps[step].pm25 = .nan
        }
        let pm25 = (0..<24 * 40).map { _ in Float.random(in: 0...300, using: &random) }
        contexts.append(
            StationContext(
                longitude: Bool.random(using: &random) ? .random(in: -180...180, using: &random) : nil,
                latitude: Bool.random(using: &random) ? .random(in: -60...60, using: &random) : nil,
                memory: Bool.random(using: &random) ? someMemory(of: pm25) : nil))
        return Window(
            origin: UTCHour(hoursSinceEpoch: .random(in: 300_000...500_000, using: &random)), steps: steps)
    }
    return (windows, contexts)
}

/// The memory of whole UTC days of PM2.5, nothing being known before the first.
func someMemory(of pm25: [Float]) -> StationMemory? {
    let hours = Array(repeating: Float.nan, count: 24) + pm25
    return StationMemory(adding: (0..<pm25.count / 24).map { DaySums(of: hours[$0 * 24..<$0 * 24 + 48]) })
}
