import Foundation
import Testing

@testable import Forecast
import NetworkKernel

/// A model with seeded weights and plausible scales, good enough to run.
func someModel(_ architecture: Architecture = .chapter, seed: UInt64 = 7) throws -> Model {
    var random = SplitMix64(seed: seed)
    let network = Network(shape: architecture.shape, initial: .half, using: &random)
    let ranges: [(Float, Float)] = [(0, 994), (-40, 68), (-19, 61), (991, 55), (0, 9), (0, 24.6)]
    let scales = ranges.map { Normalisation.Scale(offset: $0, scale: $1) }
    return try Model(
        name: "some", preset: "chapter", architecture: architecture,
        normalisation: Normalisation(inputs: scales, output: scales[0]), weights: network.weights,
        training: .object(["seed": .number(7)]), scores: .object([:]))
}

/// An ensemble of three with bands, good enough to run.
func someEnsemble() throws -> Model {
    var random = SplitMix64(seed: 8)
    let base = Architecture.operational
    let architecture = Architecture(
        inputs: base.inputs, hidden: [3, 5], head: .changes, biases: true, members: 3)
    let weights = (0..<architecture.parameterCount).map { _ in 0.4 * random.nextNormal() }
    let scales = base.inputs.map { _ in Normalisation.Scale(offset: 10 * random.nextNormal(), scale: 30) }
    let pairs = (1...Forecast.leads).map { lead in
        (0..<500).map { _ in
            let level = Float.random(in: 0...600, using: &random)
            return (level, max(0, level + 0.1 * Float(lead) * level * random.nextNormal()))
        }
    }
    return try Model(
        name: "ensemble", preset: "operational", architecture: architecture,
        normalisation: Normalisation(inputs: scales, output: Normalisation.Scale(offset: 0, scale: 80)),
        weights: weights, bands: BandTable(learntFrom: BandTable.Errors(leads: pairs)), training: .object([:]),
        scores: .object([:]))
}

func randomWindows(_ count: Int, using random: inout SplitMix64) -> [Window] {
    (0..<count).map { index in
        let steps = (0..<Window.length).map { _ in
            Measures(
                pm25: .random(in: 0...900, using: &random), dewPoint: .random(in: -40...28, using: &random),
                temperature: .random(in: -19...42, using: &random), pressure: .random(in: 991...1046, using: &random),
                windDirection: Bool.random(using: &random) ? .nan : .random(in: 0...360, using: &random),
                windSpeed: .random(in: 0...24, using: &random))
        }
        return Window(origin: UTCHour(hoursSinceEpoch: Int32(index)), steps: steps)
    }
}

@Suite struct ModelForecastTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func aForecastIsBitIdenticalWhateverTheBatch(seed: UInt64) throws {
        let model = try someModel()
        var random = SplitMix64(seed: seed)
        let windows = randomWindows(53, using: &random)
        let together = model.forecast(windows)
        #expect(together.count == 53)
        for (window, forecast) in zip(windows, together) {
            #expect(model.forecast([window]) == [forecast])
        }
        let order = Array(windows.indices).shuffled(using: &random)
        #expect(model.forecast(order.map { windows[$0] }) == order.map { together[$0] })
    }

    /// The rollout in float64, written out as the design says it.
    @Test(arguments: [Architecture.chapter, .chapterSingle])
    func leadsFeedTheOwnPM25BackAndHoldTheWeather(_ architecture: Architecture) throws {
        let model = try someModel(architecture)
        var random = SplitMix64(seed: 4)
        let window = try #require(randomWindows(1, using: &random).first)
        var rows = window.steps.map { hour in
            let code = Feature.windCode(degrees: hour.windDirection)
            let values = [hour.pm25, hour.dewPoint, hour.temperature, hour.pressure, code, hour.windSpeed]
            return zip(values, model.normalisation.inputs).map { Double(($0 - $1.offset) / $1.scale) }
        }
        let forecast = try #require(model.forecast([window]).first)
        #expect(forecast.pm25.count == Forecast.leads)
        for lead in 1...Forecast.leads {
            let y = plainForward(model.networks[0], Array(rows.suffix(Window.length)))[0]
            let expected = max(0, y * 994)
            #expect(abs(Double(forecast.pm25[lead - 1]) - expected) < 994 * 1e-5, "lead \(lead)")
            var next = rows[rows.count - 1]
            next[0] = y
            rows.append(next)
        }
    }

    @Test func onlyTheOutputIsKeptFromFallingBelowZero() throws {
        let model = try someModel()
        // Weights whose output is always negative: a large V against positive states.
        var weights = [Float](repeating: 0, count: 26)
        weights[NetworkShape.chapter.U] = 2
        weights[NetworkShape.chapter.Q] = 2
        weights[NetworkShape.chapter.V] = -1
        let falling = try Model(
            name: "falling", preset: "chapter", architecture: .chapter, normalisation: model.normalisation,
            weights: weights, training: .object([:]), scores: .object([:]))
        let hour = Measures(
            pm25: 500, dewPoint: 0, temperature: 0, pressure: 1000, windDirection: 0, windSpeed: 1)
        let forecast = try #require(
            falling.forecast([
                Window(origin: UTCHour(hoursSinceEpoch: 0), steps: Array(repeating: hour, count: Window.length))
            ]).first)
        #expect(forecast.pm25[0] == 0)
        // Fed back unclamped, the negative pm25 turns the sign of the next hours' output around in the end.
        #expect(forecast.pm25[23] > 0)
    }

    @Test func noWindowsGiveNoForecasts() throws {
        #expect(try someModel().forecast([]).isEmpty)
    }

    @Test func anEnsembleAveragesTheChangesThatItsMembersGive() throws {
        let model = try someEnsemble()
        var random = SplitMix64(seed: 9)
        let windows = randomWindows(20, using: &random)
        let longitudes = windows.indices.map { $0 % 2 == 0 ? nil : Double($0) }
        let encoder = WindowEncoder(features: model.architecture.inputs, scales: model.normalisation.inputs)
        let contexts = longitudes.map { StationContext(longitude: $0) }
        for (index, forecast) in model.forecast(windows, contexts: contexts).enumerated() {
            let window = windows[index]
            let numbers = encoder.encode(window.steps, lastHour: window.origin, longitude: longitudes[index])
            let count = model.architecture.inputs.count
            let x = (0..<Window.length).map { t in numbers[t * count..<(t + 1) * count].map(Double.init) }
            let members = model.networks.map { plainForward($0, x) }
            for lead in 0..<Forecast.leads {
                let change = members.reduce(0) { $0 + $1[lead] } / Double(members.count)
                let expected = max(0, Double(window.steps[23].pm25) + change * Double(model.normalisation.output.scale))
                #expect(abs(Double(forecast.pm25[lead]) - expected) < 1e-4 * (1 + expected), "lead \(lead + 1)")
            }
            #expect(model.forecast([window], contexts: [contexts[index]]) == [forecast])
            let bands = try #require(forecast.bands)
            for lead in 0..<Forecast.leads {
                let edges = [
                    0, bands.lower95[lead], bands.lower80[lead], forecast.pm25[lead], bands.upper80[lead],
                    bands.upper95[lead],
                ]
                #expect(edges == edges.sorted())
            }
        }
    }

    @Test func degreesBecomeTheChaptersWindCode() {
        let expected: [(Float, Float)] = [
            (0, 9), (11.24, 9), (11.25, 3), (45, 3), (78.74, 3), (78.75, 6), (135, 6), (191.24, 6), (191.25, 0),
            (225, 0), (258.74, 0), (258.75, 9), (315, 9), (360, 9), (.nan, 0),
        ]
        for (degrees, code) in expected {
            #expect(Feature.windCode(degrees: degrees) == code, "\(degrees)°")
        }
    }
}

/// The equations, one window, in float64.
func plainForward(_ network: Network, _ x: [[Double]]) -> [Double] {
    let shape = network.shape
    let w = network.weights.map(Double.init)
    var h1 = [Double](repeating: 0, count: shape.hidden1)
    var h2 = [Double](repeating: 0, count: shape.hidden2)
    func product(_ v: [Double], _ matrix: Int, _ columns: Int) -> [Double] {
        (0..<columns).map { j in v.indices.reduce(0) { $0 + v[$1] * w[matrix + $1 * columns + j] } }
    }
    func bias(_ offset: Int, _ j: Int) -> Double { shape.hasBiases ? w[offset + j] : 0 }
    for row in x {
        let (u, w1) = (product(row, shape.U, shape.hidden1), product(h1, shape.W1, shape.hidden1))
        h1 = h1.indices.map { tanh(u[$0] + w1[$0] + bias(shape.b1, $0)) }
        guard shape.hidden2 > 0 else { continue }
        let (q, w2) = (product(h1, shape.Q, shape.hidden2), product(h2, shape.W2, shape.hidden2))
        h2 = h2.indices.map { tanh(q[$0] + w2[$0] + bias(shape.b2, $0)) }
    }
    return product(shape.hidden2 > 0 ? h2 : h1, shape.V, shape.outputs).enumerated().map { $1 + bias(shape.c, $0) }
}
