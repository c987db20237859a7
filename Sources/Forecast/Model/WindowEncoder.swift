import Foundation

/// Turns windows' measures into what a network sees.
///
/// Changes and means reach back no further than the window's first hour, because a forecast is given no more: in the
/// first hours they are taken over what there is.
struct WindowEncoder {
    let features: [Feature]
    let scales: [Normalisation.Scale]
    private let limit: Float

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
    }

    /// One series of hours as rows × features.
    func encode(_ hours: [Measures], lastHour: UTCHour, longitude: Double?) -> [Float] {
        let lanes = MeasureLanes(rows: hours.count)
        lanes.load(hours[...], lastHour: lastHour, longitude: longitude, lane: 0)
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
        for index in features.indices {
            let scale = scales[index]
            let limit = features[index].isChange ? limit : .infinity
            let (destination, step) = (x + index, features.count)
            column(features[index], hours, clock) { t, value in
                let scaled = scale.scaled(value)
                let below = scaled.replacing(with: limit, where: scaled .> limit)
                destination[t * step] = below.replacing(with: -limit, where: below .< -limit)
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

extension Feature {
    fileprivate var isOfWindComponents: Bool {
        switch self {
        case .windEast, .windNorth, .meanWindEast, .meanWindNorth: true
        default: false
        }
    }
}
