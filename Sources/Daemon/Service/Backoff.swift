/// How long to wait before the next attempt: doubling from a quarter of a second, capped, with jitter so that many
/// daemons do not come back at the same instant.
struct Backoff {
    /// The longest wait.
    static let cap = Duration.seconds(5)
    private static let first = Duration.milliseconds(250)

    /// Attempts that failed since the last success.
    private(set) var failures = 0

    /// Counts a failure and says how long to wait: between half and all of the nominal delay.
    mutating func next() -> Duration {
        let nominal = min(Backoff.first * (1 << min(failures, 10)), Backoff.cap)
        failures += 1
        return nominal * Double.random(in: 0.5...1)
    }

    /// Starts anew after a success.
    mutating func reset() { failures = 0 }
}
