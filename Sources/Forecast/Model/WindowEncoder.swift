import Foundation

/// Turns a window's measures into what a network sees.
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
        Array(unsafeUninitializedCapacity: hours.count * features.count) { buffer, count in
            guard let x = buffer.baseAddress else { return }
            encode(hours[...], lastHour: lastHour, longitude: longitude, rows: hours.count, into: x, stride: 1)
            count = hours.count * features.count
        }
    }

    /// Writes one window.
    ///
    /// - Parameters:
    ///   - hours: oldest first, at least one.
    ///   - lastHour: when the last of them is.
    ///   - longitude: in degrees east; nil where it is not known.
    ///   - rows: hours to write; beyond `hours` the last one is repeated.
    ///   - x: rows × features, every number `stride` after the last.
    ///   - stride: 1 for a window alone, 16 for one lane of a block.
    func encode(
        _ hours: ArraySlice<Measures>, lastHour: UTCHour, longitude: Double?, rows: Int,
        into x: UnsafeMutablePointer<Float>, stride: Int
    ) {
        hours.withUnsafeBufferPointer { hours in
            for index in features.indices {
                let scale = scales[index]
                let limit = features[index].isChange ? limit : .infinity
                let destination = x + index * stride
                let step = features.count * stride
                column(features[index], hours, lastHour, longitude, rows) { t, value in
                    destination[t * step] = min(max(scale.scaled(value), -limit), limit)
                }
            }
        }
    }

    @inline(__always)
    private func column(
        _ feature: Feature, _ hours: UnsafeBufferPointer<Measures>, _ lastHour: UTCHour, _ longitude: Double?,
        _ rows: Int, _ write: (Int, Float) -> Void
    ) {
        @inline(__always)
        func each(_ value: (Measures) -> Float) {
            for t in 0..<rows { write(t, value(hours[min(t, hours.count - 1)])) }
        }
        @inline(__always)
        func change(_ back: Int, _ value: (Measures) -> Float) {
            for t in 0..<rows { write(t, value(hours[t]) - value(hours[max(t - back, 0)])) }
        }
        switch feature {
        case .pm25: each(\.pm25)
        case .dewPoint: each(\.dewPoint)
        case .temperature: each(\.temperature)
        case .pressure: each(\.pressure)
        case .windCode: each { Feature.windCode(degrees: $0.windDirection) }
        case .windSpeed: each(\.windSpeed)
        case .logPM25: each { log(max($0.pm25, 0) + 5) }
        case .windEast: each { $0.wind(sin) }
        case .windNorth: each { $0.wind(cos) }
        case .meanWindEast: mean(hours, { $0.wind(sin) }, write)
        case .meanWindNorth: mean(hours, { $0.wind(cos) }, write)
        case .hourSine: hour(lastHour, longitude, rows) { write($0, sin($1)) }
        case .hourCosine: hour(lastHour, longitude, rows) { write($0, cos($1)) }
        case .pm25Change1: change(1, \.pm25)
        case .pm25Change3: change(3, \.pm25)
        case .temperatureChange1: change(1, \.temperature)
        case .temperatureChange3: change(3, \.temperature)
        case .dewPointChange1: change(1, \.dewPoint)
        case .dewPointChange3: change(3, \.dewPoint)
        case .pressureChange3: change(3, \.pressure)
        }
    }

    @inline(__always)
    private func mean(
        _ hours: UnsafeBufferPointer<Measures>, _ value: (Measures) -> Float, _ write: (Int, Float) -> Void
    ) {
        // A ring of the last six values: each is worked out once.
        var ring = (Float(0), Float(0), Float(0), Float(0), Float(0), Float(0))
        for t in 0..<hours.count {
            ring = (ring.1, ring.2, ring.3, ring.4, ring.5, value(hours[t]))
            write(t, (ring.0 + ring.1 + ring.2 + ring.3 + ring.4 + ring.5) / Float(min(t + 1, 6)))
        }
    }

    @inline(__always)
    private func hour(_ lastHour: UTCHour, _ longitude: Double?, _ rows: Int, _ write: (Int, Float) -> Void) {
        let last = Float(lastHour.hourOfDay) + Float((longitude ?? 0) / 15)
        for t in 0..<rows { write(t, (last - Float(rows - 1 - t)) * (.pi / 12)) }
    }
}

extension Measures {
    /// The wind's component along an axis; calm or variable wind has none.
    @inline(__always)
    fileprivate func wind(_ axis: (Float) -> Float) -> Float {
        windDirection.isNaN ? 0 : windSpeed * axis(windDirection * (.pi / 180))
    }
}
