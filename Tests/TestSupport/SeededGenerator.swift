import Foundation

/// Random numbers that a failed test can be repeated with: it prints its seed, and `HAZECAST_TEST_SEED` sets it.
///
/// The generator is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// What it began with.
    public let seed: UInt64
    private var state: UInt64

    /// - Parameter test: who asks, for the printed line.
    public init(seed: UInt64? = nil, test: String = #function) {
        let given = ProcessInfo.processInfo.environment["HAZECAST_TEST_SEED"].flatMap(UInt64.init)
        self.seed = given ?? seed ?? UInt64.random(in: 0...UInt64.max)
        state = self.seed
        print("\(test): HAZECAST_TEST_SEED=\(self.seed)")
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
