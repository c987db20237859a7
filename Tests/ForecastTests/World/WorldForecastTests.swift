import Foundation
import Testing

@testable import Forecast

@Suite struct WorldForecastTests {
    /// Each shape that is run singly by another path: one vector, two, and none.
    static let shapes = [[24, 24], [12, 16], [33, 4], [24]]

    @Test(arguments: shapes, [1, 2] as [UInt64]) func aForecastIsBitIdenticalWhateverTheBatch(
        hidden: [Int], seed: UInt64
    )
        throws
    {
        let model = try someWorld(hidden: hidden)
        var random = SplitMix64(seed: seed)
        let (windows, contexts) = gappyWindows(53, using: &random)
        let together = model.forecast(windows, contexts: contexts)
        #expect(together.allSatisfy { $0.pm25.allSatisfy { $0.isFinite && $0 >= 0 } })
        for index in windows.indices {
            #expect(model.forecast([windows[index]], contexts: [contexts[index]]) == [together[index]], "seed \(seed)")
        }
        for count in 2...5 {
            let some = model.forecast(Array(windows.prefix(count)), contexts: Array(contexts.prefix(count)))
            #expect(some == Array(together.prefix(count)), "seed \(seed), \(count) at once")
        }
        let order = Array(windows.indices).shuffled(using: &random)
        let others = model.forecast(order.map { windows[$0] }, contexts: order.map { contexts[$0] })
        #expect(others == order.map { together[$0] }, "seed \(seed)")
    }

    @Test func neighboursWithoutAnythingChangeNothing() throws {
        let model = try someWorld()
        var random = SplitMix64(seed: 3)
        let (windows, contexts) = gappyWindows(16, using: &random)
        let together = model.forecast(windows, contexts: contexts)
        var empty = [Measures](repeating: Measures(), count: Window.length)
        empty[23].pm25 = 3
        for lane in 0..<16 {
            let neighbours = windows.indices.map {
                $0 == lane ? windows[$0] : Window(origin: windows[$0].origin, steps: empty)
            }
            let places = contexts.indices.map { $0 == lane ? contexts[$0] : StationContext() }
            #expect(model.forecast(neighbours, contexts: places)[lane] == together[lane], "lane \(lane)")
        }
    }

    /// Whatever a block held before is forgotten.
    @Test func aForecasterThatIsUsedAgainForecastsTheSame() throws {
        let model = try someWorld()
        var random = SplitMix64(seed: 4)
        let (windows, contexts) = gappyWindows(40, using: &random)
        let block = ForecastBlock(model: model, leads: Forecast.leads)
        for (window, context) in zip(windows, contexts) {
            window.steps.withUnsafeBufferPointer { block.load($0, origin: window.origin, context, lane: 0) }
            block.run(lanes: 1)
            let expected = model.forecast([window], contexts: [context])[0]
            #expect((0..<Forecast.leads).map { max(0, block.output(lead: $0)[0]) } == expected.pm25)
        }
    }

    /// pm25 + scale · mean of the members' outputs, in float64.
    @Test func membersAreAveragedInMultiplesOfTheWindowsScale() throws {
        let model = try someWorld()
        var random = SplitMix64(seed: 5)
        let (windows, contexts) = gappyWindows(10, using: &random)
        let encoder = WindowEncoder(features: model.architecture.inputs, scales: model.normalisation.inputs)
        let count = model.architecture.inputs.count
        for (index, forecast) in model.forecast(windows, contexts: contexts).enumerated() {
            let hours = MeasureLanes(rows: Window.length)
            hours.load(windows[index].steps[...], lastHour: windows[index].origin, contexts[index], lane: 0)
            var numbers = [Lanes](repeating: .zero, count: Window.length * count)
            encoder.encode(hours, into: &numbers)
            let x = (0..<Window.length).map { t -> [Double] in
                numbers[t * count..<(t + 1) * count].map { Double($0[0]) }
            }
            let members: [[Double]] = model.networks.map { plainForward($0, x) }
            let scale = Double(WorldSamples.scale(of: windows[index].steps[...]))
            for lead in 0..<Forecast.leads {
                let sum = members.reduce(0.0) { $0 + $1[lead] }
                let change = sum / Double(members.count)
                let expected = max(0, Double(windows[index].steps[23].pm25) + change * scale)
                #expect(abs(Double(forecast.pm25[lead]) - expected) < 1e-4 * (1 + expected + scale), "lead \(lead + 1)")
            }
        }
    }

    @Test func changesAreClippedToTheLimits() throws {
        var random = SplitMix64(seed: 6)
        let (windows, contexts) = gappyWindows(30, using: &random)
        let limits = (1...Forecast.leads).map { lead -> ClosedRange<Float> in -0.01 * Float(lead)...0.02 * Float(lead) }
        let free = try someWorld().forecast(windows, contexts: contexts)
        let clipped = try someWorld(limits: limits).forecast(windows, contexts: contexts)
        var atLimits = (lower: 0, upper: 0)
        for index in windows.indices {
            let scale = WorldSamples.scale(of: windows[index].steps[...])
            let last = windows[index].steps[23].pm25
            for lead in 0..<Forecast.leads {
                let least = max(0, last + scale * limits[lead].lowerBound)
                let most = last + scale * limits[lead].upperBound
                let expected = min(max(free[index].pm25[lead], least), most)
                #expect(abs(clipped[index].pm25[lead] - expected) < 1e-4 * (1 + expected))
                if expected == least { atLimits.lower += 1 }
                if expected == most { atLimits.upper += 1 }
            }
        }
        #expect(atLimits.lower > 20 && atLimits.upper > 20)
    }
}

@Suite struct WorldBandTests {
    private func isOrdered(_ forecast: Forecast) throws -> Bool {
        let bands = try #require(forecast.bands)
        return (0..<Forecast.leads).allSatisfy { lead in
            let edges = [
                0, bands.lower95[lead], bands.lower80[lead], forecast.pm25[lead], bands.upper80[lead],
                bands.upper95[lead],
            ]
            return edges == edges.sorted()
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>) func noneIsBelowZeroAndNoneCross(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let (windows, contexts) = gappyWindows(40, using: &random)
        for forecast in try someWorld(seed: seed).forecast(windows, contexts: contexts) {
            #expect(try isOrdered(forecast), "seed \(seed)")
        }
        // Residuals that lie on one side of the forecast, as those of a biased model do.
        let lopsided = BandTable(
            edges: Array(repeating: [], count: 24), residuals: Array(repeating: [[0.5, 1, 2, 3]], count: 24))
        let falling = BandTable(
            edges: Array(repeating: [], count: 24), residuals: Array(repeating: [[-3, -2, -1, -0.5]], count: 24))
        for (scaled, remembered) in [(lopsided, falling), (falling, lopsided)] {
            let plain = try someWorld(seed: seed)
            let model = try Model(
                name: "lopsided", preset: "world", architecture: plain.architecture,
                normalisation: plain.normalisation, weights: plain.networks.flatMap(\.weights), bands: scaled,
                memoryBands: remembered, training: .object([:]), scores: .object([:]))
            for forecast in model.forecast(windows, contexts: contexts) {
                #expect(try isOrdered(forecast), "seed \(seed)")
            }
        }
    }

    /// RMS change at a lead: between 1, 4, 12 and 24 hours by the logarithms of both.
    private func change(_ memory: StationMemory, _ lead: Int) -> Double {
        let knots = [1, 4, 12, 24]
        let logs = memory.squaredChanges
        let after = max(1, knots.firstIndex { $0 >= lead } ?? 3)
        let (a, b) = (log(Double(knots[after - 1])), log(Double(knots[after])))
        let share = (log(Double(lead)) - a) / (b - a)
        let (low, high) = (log(Double(logs[after - 1]) + 0.05) / 2, log(Double(logs[after]) + 0.05) / 2)
        return exp(low + (high - low) * share)
    }

    private func mean(_ window: Window) -> Double {
        let known = window.steps.map(\.pm25).filter { !$0.isNaN }.map(Double.init)
        return known.reduce(0, +) / Double(known.count)
    }

    @Test func theUnitIsTheStationsChangeOrTheWindowsScale() throws {
        var random = SplitMix64(seed: 8)
        let (windows, contexts) = gappyWindows(40, using: &random)
        let (scaled, remembered) = (someBands(1), someBands(0.7))
        var seen = Set<Bool>()
        for (index, forecast) in try someWorld().forecast(windows, contexts: contexts).enumerated() {
            let bands = try #require(forecast.bands)
            let scale = Double(WorldSamples.scale(of: windows[index].steps[...]))
            seen.insert(contexts[index].memory != nil)
            for lead in 0..<Forecast.leads {
                let pm25 = Double(forecast.pm25[lead])
                let level = log(pm25 + 0.1 * mean(windows[index]) + 1) - log(scale)
                // So near the edge of a bin float32 may decide otherwise.
                if scaled.edges[lead].contains(where: { abs(Double($0) - level) < 1e-4 }) { continue }
                let bin = scaled.edges[lead].count { level >= Double($0) }
                let unit = contexts[index].memory.map { change($0, lead + 1) } ?? scale
                let residuals = (contexts[index].memory == nil ? scaled : remembered).residuals[lead][bin]
                let expected = residuals.map { max(0, pm25 + Double($0) * unit) }
                let edges = [bands.lower95[lead], bands.lower80[lead], bands.upper80[lead], bands.upper95[lead]]
                for (edge, exact) in zip(edges, expected) {
                    #expect(abs(Double(edge) - exact) < 1e-4 * (1 + exact + unit), "lead \(lead + 1)")
                }
            }
        }
        #expect(seen.count == 2)
    }

    @Test func theChangeAtAKnotIsTheKnots() throws {
        let pm25 = (0..<240).map { hour -> Float in 20 + 10 * sin(Float(hour) / 5) + Float(hour % 7) }
        let memory = try #require(someMemory(of: pm25))
        var lanes = MemoryLanes()
        lanes.load(memory, lastHour: UTCHour(hoursSinceEpoch: 7), lane: 2)
        lanes.load(nil, lastHour: UTCHour(hoursSinceEpoch: 7), lane: 3)
        for (index, lead) in [1, 4, 12, 24].enumerated() {
            let exact = (memory.squaredChanges[index] + 0.05).squareRoot()
            #expect(abs(lanes.change(lead: lead - 1)[2] - exact) < 1e-5 * exact)
        }
        for lead in 1...Forecast.leads {
            let exact = change(memory, lead)
            #expect(abs(Double(lanes.change(lead: lead - 1)[2]) - exact) < 1e-5 * exact, "lead \(lead)")
            #expect(lanes.change(lead: lead - 1)[3].isNaN)
        }
    }

    private func persistence(_ model: Model, _ steps: [Measures]) -> Forecast {
        Forecast(pm25: Array(repeating: -1, count: Forecast.leads)).changed { row in
            steps.withUnsafeBufferPointer { model.persistence(of: $0, into: row) }
        }
    }

    @Test(arguments: [[Float(12)], [30, 12], [0], [0, 0], [500, 2]])
    func persistenceHasBandsInMultiplesOfTheScale(known: [Float]) throws {
        var steps = [Measures](repeating: Measures(), count: Window.length)
        for (back, pm25) in known.reversed().enumerated() { steps[23 - back].pm25 = pm25 }
        let forecast = persistence(try someWorld(), steps)
        let last = try #require(known.last)
        #expect(forecast.pm25 == Array(repeating: last, count: Forecast.leads))
        #expect(try isOrdered(forecast))
        let scale = Double(WorldSamples.scale(of: steps[...]))
        let mean = Double(known.reduce(0, +)) / Double(known.count)
        let level = log(Double(last) + 0.1 * mean + 1) - log(scale)
        let table = someBands(1.3)
        for lead in 0..<Forecast.leads {
            let bin = table.edges[lead].count { level >= Double($0) }
            let expected = table.residuals[lead][bin].map { max(0, Double(last) + Double($0) * scale) }
            let bands = try #require(forecast.bands)
            let edges = [bands.lower95[lead], bands.lower80[lead], bands.upper80[lead], bands.upper95[lead]]
            for (edge, exact) in zip(edges, expected) { #expect(abs(Double(edge) - exact) < 1e-4 * (1 + exact)) }
        }
    }

    @Test func aModelWithoutBandsForItHoldsTheLastReadingBare() throws {
        var steps = [Measures](repeating: Measures(), count: Window.length)
        steps[23].pm25 = 8
        let forecast = persistence(try someEnsemble(), steps)
        #expect(forecast == Forecast(pm25: Array(repeating: 8, count: Forecast.leads)))
    }
}

@Suite struct LiveErrorsTests {
    private func errors(hours: Int, model: Float) -> LiveErrors {
        var errors = LiveErrors()
        for lead in 1...Forecast.leads {
            for _ in 0..<hours { errors.add(lead: lead, model: 20 + model, persistence: 21, observed: 20) }
        }
        return errors
    }

    @Test func aModelTwiceAsWrongAsPersistenceForTwoDaysIsNonsense() {
        #expect(errors(hours: 48, model: 2.01).isNonsense)
        #expect(!errors(hours: 48, model: 2).isNonsense && !errors(hours: 47, model: 50).isNonsense)
        #expect(!LiveErrors().isNonsense)
    }
}
