public import Forecast

extension Window {
    /// 64 bits over the filled steps: equal windows have equal digests, on every machine and in every version.
    ///
    /// It decides whether a late or corrected reading changed what the network sees, so it must be stable, not secure:
    /// it stands in the ledger beside every forecast.
    public var digest: Int64 { steps.withUnsafeBufferPointer { Window.digest(of: $0) } }

    /// The digest of filled steps that are not in a window of their own.
    public static func digest(of steps: UnsafeBufferPointer<Measures>) -> Int64 {
        var state: UInt64 = 0x4861_7A65_6361_7374
        func mix(_ value: Float) {
            // One bit pattern for every NaN and for both zeros.
            let bits = value.isNaN ? Float.nan.bitPattern : (value == 0 ? 0 : value.bitPattern)
            state = (state ^ UInt64(bits)) &* 0x9E37_79B9_7F4A_7C15
            state ^= state >> 32
        }
        for step in steps {
            mix(step.pm25)
            mix(step.dewPoint)
            mix(step.temperature)
            mix(step.pressure)
            mix(step.windDirection)
            mix(step.windSpeed)
        }
        return Int64(bitPattern: state)
    }
}
