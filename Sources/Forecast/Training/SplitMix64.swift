import Foundation

/// A small seeded generator (Steele, Lea and Flood's SplitMix64): the same seed trains the same model on any machine.
public struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    /// A generator that starts from a seed.
    public init(seed: UInt64) {
        state = seed
    }

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number from the standard normal distribution (Box and Muller).
    public mutating func nextNormal() -> Float {
        let u = Double.random(in: Double.leastNonzeroMagnitude...1, using: &self)
        let angle = Double.random(in: 0..<2 * .pi, using: &self)
        return Float((-2 * log(u)).squareRoot() * cos(angle))
    }
}
