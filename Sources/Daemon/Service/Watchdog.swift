import ServiceLifecycle
import Synchronization

/// Tells systemd's watchdog that the service lives, for as long as the loop makes progress.
///
/// A process that is stopped or spins is found within `WatchdogSec=`. A loop that waits for the database is at work: each
/// of its waits has a deadline of its own. One that has not moved on for longer than any of them hangs.
struct Watchdog: Service {
    /// Above the longest deadline that the loop gives a statement, with the time to notice that it has passed.
    static let patience = Duration.seconds(330)

    /// When the loop last moved on.
    static let progress = Progress()

    /// What systemd was told to wait.
    let limit: Duration

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                if Self.progress.age < Self.patience { ServiceManager.alive() }
                try await Task.sleep(for: limit / 3)
            }
        }
    }

    /// The instant of the last step.
    final class Progress: Sendable {
        private let last = Mutex(ContinuousClock.now)

        /// The loop has done a step.
        func made() { last.withLock { $0 = .now } }

        /// Since when it has not.
        var age: Duration { ContinuousClock.now - last.withLock { $0 } }
    }
}
