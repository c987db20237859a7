import Foundation

/// Turns windows' measures into what a network sees.
///
/// Changes and means reach back no further than the window's first hour, because a forecast is given no more: in the
/// first hours they are taken over what there is.
struct WindowEncoder {
    let features: [Feature]
    let scales: [Normalisation.Scale]
    private let limit: Float
    private let isRelative: Bool

    /// The identity: features in their own units, to find the scales from.
    static func unscaled(_ features: [Feature]) -> WindowEncoder {
        WindowEncoder(
            features: features, scales: features.map { _ in Normalisation.Scale(offset: 0, scale: 1) },
            limit: .infinity)
    }

    init(features: [Feature], scales: [Normalisation.Scale], limit: Float = Feature.changeLimit) {
        self.features = features
        self.scales = scales
        self.limit = limit
        isRelative = features.contains(where: \.isRelative)
    }

    /// One series of hours as rows × features.
    func encode(_ hours: [Measures], lastHour: UTCHour, longitude: Double?) -> [Float] {
        let lanes = MeasureLanes(rows: hours.count)
        lanes.load(hours[...], lastHour: lastHour, StationContext(longitude: longitude), lane: 0)
        let count = hours.count * features.count
        return withUnsafeTemporaryAllocation(of: Lanes.self, capacity: count) { x in
            guard let first = x.baseAddress else { return [] }
            encode(lanes, into: first)
            return x.map { $0[0] }
        }
    }

    /// Encodes 16 windows.
    ///
    /// - Parameters:
    ///   - hours: at least one.
    ///   - x: receives rows × features.
    func encode(_ hours: MeasureLanes, into x: UnsafeMutablePointer<Lanes>) {
        if features.contains(where: \.isOfWindComponents) { hours.resolveWind() }
        let clock = Clock(hours)
        let window = isRelative ? WindowLanes(hours) : WindowLanes()
        for index in features.indices {
            let scale = scales[index]
            let limit = features[index].isLimited ? limit : .infinity
            let (destination, step) = (x + index, features.count)
            func write(_ t: Int, _ value: Lanes) {
                let scaled = scale.scaled(value)
                let below = scaled.replacing(with: limit, where: scaled .> limit)
                let limited = below.replacing(with: -limit, where: below .< -limit)
                // The others bear nothing that is missing: theirs stays NaN, so that it is noticed.
                destination[t * step] = isRelative ? limited.replacing(with: 0, where: limited .!= limited) : limited
            }
            if features[index].isRelative {
                relative(features[index], hours, clock, window, write)
            } else {
                column(features[index], hours, clock, write)
            }
        }
    }

    @inline(__always)
    private func column(_ feature: Feature, _ hours: MeasureLanes, _ clock: Clock, _ write: (Int, Lanes) -> Void) {
        @inline(__always)
        func each(_ value: (Int) -> Lanes) {
            for t in 0..<hours.rows { write(t, value(t)) }
        }
        @inline(__always)
        func change(_ back: Int, _ value: UnsafePointer<Lanes>) {
            for t in 0..<hours.rows { write(t, value[t] - value[max(t - back, 0)]) }
        }
        switch feature {
        case .pm25: each { hours.pm25[$0] }
        case .dewPoint: each { hours.dewPoint[$0] }
        case .temperature: each { hours.temperature[$0] }
        case .pressure: each { hours.pressure[$0] }
        case .windCode: each { Self.windCode(hours.windDirection[$0]) }
        case .windSpeed: each { hours.windSpeed[$0] }
        case .logPM25: each { (hours.pm25[$0].replacing(with: 0, where: hours.pm25[$0] .< 0) + 5).logarithm() }
        case .windEast: each { hours.windEast[$0] }
        case .windNorth: each { hours.windNorth[$0] }
        case .meanWindEast: mean(hours.windEast, hours.rows, write)
        case .meanWindNorth: mean(hours.windNorth, hours.rows, write)
        case .hourSine: each { clock.sine(hours.rows - 1 - $0) }
        case .hourCosine: each { clock.cosine(hours.rows - 1 - $0) }
        case .pm25Change1: change(1, hours.pm25)
        case .pm25Change3: change(3, hours.pm25)
        case .temperatureChange1: change(1, hours.temperature)
        case .temperatureChange3: change(3, hours.temperature)
        case .dewPointChange1: change(1, hours.dewPoint)
        case .dewPointChange3: change(3, hours.dewPoint)
        case .pressureChange3: change(3, hours.pressure)
        default: preconditionFailure("\(feature) is relative")
        }
    }

    /// What is relative to the window or the station; NaN where it is missing.
    @inline(__always)
    private func relative(
        _ feature: Feature, _ hours: MeasureLanes, _ clock: Clock, _ window: WindowLanes,
        _ write: (Int, Lanes) -> Void
    ) {
        @inline(__always)
        func each(_ value: (Int) -> Lanes) {
            for t in 0..<hours.rows { write(t, value(t)) }
        }
        @inline(__always)
        func constant(_ value: Lanes) {
            for t in 0..<hours.rows { write(t, value) }
        }
        @inline(__always)
        func change(_ back: Int) {
            each { (hours.pm25[$0] - hours.pm25[max($0 - back, 0)]) / window.scale }
        }
        @inline(__always)
        func present(_ group: Lanes) { constant(Lanes(repeating: 1).replacing(with: 0, where: group .!= group)) }
        let memory = hours.memory
        switch feature {
        case .pm25Relative: each { (hours.pm25[$0] - window.mean) / window.scale }
        case .logPM25Relative: each { (hours.pm25[$0] + 5).knownLogarithm() - window.logLevel }
        case .pm25RelativeChange1: change(1)
        case .pm25RelativeChange3: change(3)
        case .pm25Level: constant(window.logLevel)
        case .pm25Absent:
            each { Lanes.zero.replacing(with: 1, where: hours.pm25[$0] .!= hours.pm25[$0]) }
        case .solarHourSine: each { clock.sine(hours.rows - 1 - $0) * hours.clockKnown }
        case .solarHourCosine: each { clock.cosine(hours.rows - 1 - $0) * hours.clockKnown }
        case .clockPresent: present(hours.clockKnown)
        case .temperatureRelative: each { hours.temperature[$0] - window.temperature }
        case .temperatureMean: constant(window.temperature)
        case .temperaturePresent: present(window.temperature)
        case .dewPointDepression: each { hours.temperature[$0] - hours.dewPoint[$0] }
        case .dewPointRelative: each { hours.dewPoint[$0] - window.dewPoint }
        case .dewPointPresent: present(window.dewPoint)
        case .pressureRelative: each { hours.pressure[$0] - window.pressure }
        case .pressurePresent: present(window.pressure)
        case .logWindSpeed: each { window.logWind[$0] }
        case .logWindSpeedRelative: each { window.logWind[$0] - window.meanLogWind }
        case .windSpeedPresent: present(window.meanLogWind)
        case .memoryChange1: constant(memory.logChanges.0 - memory.logChanges.3)
        case .memoryChange4: constant(memory.logChanges.1 - memory.logChanges.3)
        case .memoryChange12: constant(memory.logChanges.2 - memory.logChanges.3)
        case .memoryChange24: constant(memory.logChanges.3 - (memory.mean + 2).knownLogarithm())
        case .memoryLevel: constant((memory.mean + 5).knownLogarithm() - window.logLevel)
        case .memoryLength:
            let pairs = memory.pairs + 1
            constant(pairs.replacing(with: 720, where: pairs .> 720).knownLogarithm())
        case .memoryProfile: each { memory.profile[$0] }
        case .memoryPresent: present(memory.mean)
        default: preconditionFailure("\(feature) is not relative")
        }
    }

    private static func windCode(_ directions: Lanes) -> Lanes {
        var codes = Lanes.zero
        for lane in 0..<Lanes.scalarCount { codes[lane] = Feature.windCode(degrees: directions[lane]) }
        return codes
    }

    @inline(__always)
    private func mean(_ values: UnsafePointer<Lanes>, _ rows: Int, _ write: (Int, Lanes) -> Void) {
        for t in 0..<rows {
            let first = max(t - 5, 0)
            var sum = values[first]
            for earlier in first..<t { sum += values[earlier + 1] }
            write(t, sum / Float(t - first + 1))
        }
    }

    /// The hour of the day as an angle, from that of the last row.
    private struct Clock {
        let last: (sine: Lanes, cosine: Lanes)
        /// Sine and cosine of 0 to 23 hours.
        private static let hours = (0..<24).map { (sin(Float($0) * .pi / 12), cos(Float($0) * .pi / 12)) }

        init(_ hours: MeasureLanes) {
            last = Lanes.sineAndCosine(degrees: hours.lastHour * 15)
        }

        func sine(_ back: Int) -> Lanes {
            let (sine, cosine) = Self.hours[back % 24]
            return last.sine * cosine - last.cosine * sine
        }

        func cosine(_ back: Int) -> Lanes {
            let (sine, cosine) = Self.hours[back % 24]
            return last.cosine * cosine + last.sine * sine
        }
    }
}

/// What is the same throughout each of 16 windows; NaN where it is missing.
///
/// A group of weather is made missing as a whole, in `hours`, where an hour lacks it.
struct WindowLanes {
    /// Mean of the PM2.5 that is there, in µg/m³.
    private(set) var mean = Lanes.zero
    /// sd + .15 mean + 1, in µg/m³, sd being the standard deviation of the PM2.5 that is there.
    private(set) var scale = Lanes.zero
    /// ln(mean + 5).
    private(set) var logLevel = Lanes.zero
    private(set) var temperature = Lanes.zero
    private(set) var dewPoint = Lanes.zero
    private(set) var pressure = Lanes.zero
    /// ln(1 + wind speed) by hour.
    private(set) var logWind = InlineArray<24, Lanes>(repeating: .zero)
    private(set) var meanLogWind = Lanes.zero

    /// Of no windows.
    init() {}

    init(_ hours: MeasureLanes) {
        precondition(hours.rows == Window.length, "a window")
        (mean, scale, _) = Self.levelAndScale(hours.pm25)
        logLevel = (mean + 5).logarithm()
        temperature = Self.completed(hours.temperature)
        dewPoint = Self.completed(hours.dewPoint)
        // The dew point tells little without the temperature.
        dewPoint.replace(with: .nan, where: temperature .!= temperature)
        pressure = Self.completed(hours.pressure)
        for t in 0..<Window.length {
            let speed = hours.windSpeed[t]
            logWind[t] = (speed.replacing(with: 0, where: speed .< 0) + 1).knownLogarithm()
            meanLogWind += logWind[t]
        }
        meanLogWind /= Float(Window.length)
        for t in 0..<Window.length {
            hours.dewPoint[t].replace(with: .nan, where: dewPoint .!= dewPoint)
            logWind[t].replace(with: .nan, where: meanLogWind .!= meanLogWind)
        }
    }

    /// Mean and scale of windows' PM2.5 over the hours that have it, and how many they are.
    static func levelAndScale(_ pm25: UnsafePointer<Lanes>) -> (mean: Lanes, scale: Lanes, hours: Lanes) {
        var (sum, count) = (Lanes.zero, Lanes.zero)
        for t in 0..<Window.length {
            let isThere = pm25[t] .== pm25[t]
            sum += Lanes.zero.replacing(with: pm25[t], where: isThere)
            count.replace(with: count + 1, where: isThere)
        }
        let mean = sum / count
        var squares = Lanes.zero
        for t in 0..<Window.length {
            let deviation = pm25[t] - mean
            squares += Lanes.zero.replacing(with: deviation * deviation, where: deviation .== deviation)
        }
        // What a missing hour counts as, so that a few hours that happen to agree do not make a steady station.
        let prior = 4 - count / 6
        let usual = mean * 0.3
        let deviation = ((squares + prior * usual * usual) / (count + prior)).squareRoot()
        return (mean, deviation + mean * 0.15 + 1, count)
    }

    /// The mean of a measure, NaN where an hour lacks it; the hours of such a window are made missing.
    private static func completed(_ values: UnsafeMutablePointer<Lanes>) -> Lanes {
        var mean = Lanes.zero
        for t in 0..<Window.length { mean += values[t] }
        mean /= Float(Window.length)
        for t in 0..<Window.length { values[t].replace(with: .nan, where: mean .!= mean) }
        return mean
    }
}

extension Feature {
    /// Whether it is relative to the window or the station.
    var isRelative: Bool {
        switch self {
        case .pm25, .dewPoint, .temperature, .pressure, .windCode, .windSpeed, .logPM25, .windEast, .windNorth,
            .meanWindEast, .meanWindNorth, .hourSine, .hourCosine, .pm25Change1, .pm25Change3, .temperatureChange1,
            .temperatureChange3, .dewPointChange1, .dewPointChange3, .pressureChange3:
            false
        default: true
        }
    }

    fileprivate var isOfWindComponents: Bool {
        switch self {
        case .windEast, .windNorth, .meanWindEast, .meanWindNorth: true
        default: false
        }
    }
}
