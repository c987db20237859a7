import Synchronization

/// What the steps of a turn took.
///
/// Forecasting and encoding go on while the ledger is written, so the steps do not add up to the turn.
final class TurnTimes: Sendable {
    enum Step: String, CaseIterable {
        /// BEGIN, the look at the lock, the claim and the readings of a small one, in one round trip.
        case claim
        /// Reading a large claim, quality control included.
        case read
        /// Quality control and moving windows on.
        case judge
        /// Loading windows from the database.
        case load
        /// Filling windows and forecasting.
        case predict
        /// Turning forecasts into rows.
        case encode
        /// Writing many forecasts, with all that goes on meanwhile.
        case write
        /// COMMIT, with the statements that are sent with it.
        case commit
    }

    private let sums = Mutex<[Step: Duration]>([:])

    /// Adds what took from a moment until now to a step.
    ///
    /// - Returns: now.
    @discardableResult
    @inline(never)  // as in `Ahead`
    func add(_ step: Step, since began: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        sums.withLock { $0[step, default: .zero] += now - began }
        return now
    }

    /// What there was of each step.
    @inline(never)
    var steps: [(step: Step, duration: Duration)] {
        sums.withLock { sums in Step.allCases.compactMap { step in sums[step].map { (step, $0) } } }
    }
}
