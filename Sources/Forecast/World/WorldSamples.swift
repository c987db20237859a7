import Foundation
import NetworkKernel

/// Windows of many stations as a relative network learns from them, encoded when they are needed.
///
/// The loss is Σ w(a − y)² / 2 over the leads that have a label, per window. A lead's weight falls with the lead, rises with the
/// window's scale, and is relative to the error of persistence at the station, so that clean cities count like dirty ones.
///
/// Countries are drawn by the square root of their size, and stations likewise within a country. Each pass shows every window
/// anew: with a memory of another length, other weather, other missing hours.
final class WorldSamples: BlockLoss {
    /// A station whose windows are drawn.
    struct Source: Sendable {
        let station: RelativeSeries
        /// Rows that may be origins.
        let origins: [Int]
        let country: String
    }

    private struct Sample {
        let source: Int32
        let origin: Int32
        /// Multiplies the loss where a station has fewer windows than its share.
        let weight: Float
        /// How this pass shows it.
        var memory = UInt8(WorldPlan.memories.count - 1)
        var weather = WeatherGroups.all
        var hasClock = true
        var missing: UInt32 = 0
    }

    private let sources: [Source]
    private let varies: Bool
    /// By source and lead: weight of the lead over persistence's error there.
    private let leadWeights: [[Float]]
    private var samples: [Sample] = []
    private let encoder: WindowEncoder
    private let hours = MeasureLanes(rows: Window.length)
    private let x: UnsafeMutablePointer<Lanes>
    private let trace: NetworkTrace
    private var dy = [Lanes](repeating: .zero, count: Forecast.leads)

    var blocks: Int { samples.count / Lanes.scalarCount }

    /// Draws windows.
    ///
    /// - Parameters:
    ///   - count: windows to draw.
    ///   - varies: whether each pass shows them with another memory, other weather and other missing hours.
    init(
        _ sources: [Source], _ architecture: Architecture, windows count: Int, varies: Bool,
        using random: inout SplitMix64
    ) {
        self.sources = sources
        self.varies = varies
        let total = count
        encoder = WindowEncoder(
            features: architecture.inputs, scales: Feature.relative.map(\.scale))
        let count = Window.length * architecture.inputs.count
        x = .allocate(capacity: count)
        x.initialize(repeating: .zero, count: count)
        trace = NetworkTrace(architecture.shape, steps: Window.length)
        let powers = (1...Forecast.leads).map { pow(Float($0), -WorldPlan.leadPower) }
        let sum = powers.reduce(0, +)
        var leadWeights: [[Float]] = []
        for source in sources {
            let errors = source.station.persistenceErrors(at: source.origins)
            leadWeights.append(zip(powers, errors).map { $1 > 0 ? $0 / sum / $1 : 0 })
        }
        var samples: [Sample] = []
        for (index, share) in Self.shares(of: sources).enumerated() where share > 0 {
            let origins = sources[index].origins
            let wanted = Float(total) * share
            let count = min(Int(wanted), origins.count)
            guard count > 0 else { continue }
            let drawn = origins.shuffled(using: &random).prefix(count)
            let scales = drawn.map { Self.scale(of: sources[index].station.window(at: $0)) }
            let mean = scales.reduce(0, +) / Float(count)
            let meanSquare = scales.reduce(0) { $0 + $1 * $1 } / Float(count)
            for (origin, scale) in zip(drawn, scales) {
                samples.append(
                    Sample(
                        source: Int32(index), origin: Int32(origin),
                        weight: wanted / Float(count) * scale * meanSquare / mean))
            }
        }
        self.samples = samples
        self.leadWeights = leadWeights
    }

    deinit { x.deallocate() }

    /// Shares of the windows by the square root of what countries, and stations within them, have.
    private static func shares(of sources: [Source]) -> [Float] {
        let countries = Dictionary(grouping: sources.indices) { sources[$0].country }
        let roots = countries.mapValues { members in
            Float(members.reduce(0) { $0 + sources[$1].origins.count }).squareRoot()
        }
        let all = roots.keys.sorted().reduce(0) { $0 + (roots[$1] ?? 0) }
        var shares = [Float](repeating: 0, count: sources.count)
        for (country, members) in countries {
            let stations = members.map { Float(sources[$0].origins.count).squareRoot() }
            let sum = stations.reduce(0, +)
            for (member, root) in zip(members, stations) where sum > 0 {
                shares[member] = (roots[country] ?? 0) / all * root / sum
            }
        }
        return shares
    }

    /// A window's scale in µg/m³, as `WindowLanes` has it.
    static func scale(of window: ArraySlice<Measures>) -> Float {
        var (sum, squares, count) = (0.0, 0.0, 0.0)
        for step in window where !step.pm25.isNaN {
            let value = Double(step.pm25)
            (sum, squares, count) = (sum + value, squares + value * value, count + 1)
        }
        let mean = sum / count
        let prior = 4 - count / 6
        let deviations = max(0, squares - count * mean * mean) + prior * 0.09 * mean * mean
        return Float((deviations / (count + prior)).squareRoot() + 0.15 * mean + 1)
    }

    /// Another order, and for each window another memory, other weather and other missing hours.
    func shuffle(using random: inout SplitMix64) {
        samples.shuffle(using: &random)
        if !varies { return }
        for index in samples.indices {
            samples[index].memory = UInt8(Self.draw(WorldPlan.memories.map(\.share), using: &random))
            samples[index].weather = WorldPlan.weather[Self.draw(WorldPlan.weather.map(\.share), using: &random)].kept
            samples[index].hasClock = Float.random(in: 0..<1, using: &random) >= WorldPlan.placeless
            samples[index].missing = Self.missingHours(using: &random)
        }
    }

    private static func draw(_ shares: [Float], using random: inout SplitMix64) -> Int {
        var rest = Float.random(in: 0..<1, using: &random)
        for (index, share) in shares.enumerated() {
            rest -= share
            if rest < 0 { return index }
        }
        return shares.count - 1
    }

    /// Hours to withhold, bit 0 being the oldest of the window; never the origin. Half of the windows keep all.
    private static func missingHours(using random: inout SplitMix64) -> UInt32 {
        let earlier = Window.length - 1
        let kind = Float.random(in: 0..<1, using: &random)
        if kind < 0.5 { return 0 }
        func stretch(_ hours: Range<Int>) -> UInt32 { hours.reduce(0) { $0 | 1 << UInt32($1) } }
        let count = Int.random(in: 1...earlier - 1, using: &random)
        switch kind {
        case ..<0.675:
            let share = 0.95 * pow(Float.random(in: 0..<1, using: &random), 1.3)
            return (0..<earlier).reduce(0) { missing, hour in
                Float.random(in: 0..<1, using: &random) < share ? missing | 1 << UInt32(hour) : missing
            }
        case ..<0.8:
            let first = Int.random(in: 0...earlier - count, using: &random)
            return stretch(first..<first + count)
        case ..<0.925: return stretch(0..<count)
        default: return stretch(earlier - count..<earlier)
        }
    }

    func add(
        block: Int, of network: Network, gradient: UnsafeMutablePointer<Lanes>?, squaredErrors: inout Lanes,
        count: inout Int
    ) {
        let batch = samples[block * Lanes.scalarCount..<(block + 1) * Lanes.scalarCount]
        for (lane, sample) in batch.enumerated() { load(sample, lane: lane) }
        encoder.encode(hours, into: x)
        network.forward(x, trace)
        let scale = WindowLanes.levelAndScale(hours.pm25).scale
        let last = hours.pm25[Window.length - 1]
        for lead in dy.indices {
            var label = Lanes.zero
            var weight = Lanes.zero
            for (lane, sample) in batch.enumerated() {
                let source = Int(sample.source)
                let observed = sources[source].station.observed(Int(sample.origin), lead + 1)
                label[lane] = observed
                weight[lane] = observed.isNaN ? 0 : leadWeights[source][lead] * sample.weight
            }
            let error = trace.y[lead] - (label - last) / scale
            dy[lead] = (error * weight).replacing(with: 0, where: weight .== 0)
            squaredErrors += (error * dy[lead]).replacing(with: 0, where: weight .== 0)
        }
        count += Lanes.scalarCount
        if let gradient { network.backward(x, trace, dy: dy, addingTo: gradient) }
    }

    private func load(_ sample: Sample, lane: Int) {
        let station = sources[Int(sample.source)].station
        let window = station.window(at: Int(sample.origin))
        var context = StationContext(
            memory: station.memory(at: Int(sample.origin), days: WorldPlan.memories[Int(sample.memory)].days))
        if sample.hasClock { context.longitude = station.series.longitude }
        withUnsafeTemporaryAllocation(of: Measures.self, capacity: Window.length) { steps in
            _ = steps.initialize(from: window)
            for hour in 0..<Window.length where sample.missing & 1 << UInt32(hour) != 0 { steps[hour].pm25 = .nan }
            if !sample.weather.contains(.temperature) { steps[0].temperature = .nan }
            if !sample.weather.contains(.dewPoint) { steps[0].dewPoint = .nan }
            if !sample.weather.contains(.pressure) { steps[0].pressure = .nan }
            if !sample.weather.contains(.wind) { steps[0].windSpeed = .nan }
            hours.load(
                UnsafeBufferPointer(steps), lastHour: station.series.start.advanced(by: Int(sample.origin)), context,
                lane: lane)
        }
    }

    /// A window as the pass at hand shows it, for learners that are not networks.
    struct Example {
        let source: Int
        let origin: Int
        /// The window's, in µg/m³.
        let scale: Float
        /// Hours × features.
        let x: [Float]
        /// By lead: observed minus last, over the window's scale; NaN where it was not observed.
        let labels: [Float]
        /// By lead: weight in the loss.
        let weights: [Float]
    }

    /// The windows of a block.
    func examples(block: Int) -> [Example] {
        let batch = samples[block * Lanes.scalarCount..<(block + 1) * Lanes.scalarCount]
        for (lane, sample) in batch.enumerated() { load(sample, lane: lane) }
        encoder.encode(hours, into: x)
        let scale = WindowLanes.levelAndScale(hours.pm25).scale
        let last = hours.pm25[Window.length - 1]
        return batch.enumerated().map { lane, sample in
            let source = Int(sample.source)
            let observed = (1...Forecast.leads).map { sources[source].station.observed(Int(sample.origin), $0) }
            return Example(
                source: source, origin: Int(sample.origin), scale: scale[lane],
                x: (0..<Window.length * encoder.features.count).map { x[$0][lane] },
                labels: observed.map { ($0 - last[lane]) / scale[lane] },
                weights: zip(observed, leadWeights[source]).map { $0.isNaN ? 0 : $1 * sample.weight })
        }
    }
}
