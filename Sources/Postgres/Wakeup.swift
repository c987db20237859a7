import CLibpq
import Glibc
import Synchronization

/// Wakes a connection's thread out of `poll`, and carries the wish to stop what it is doing.
///
/// The wish belongs to a call, so that one that comes too late, or before its call's turn, cannot hit another.
final class Wakeup: Sendable {
    /// One call, from before its turn until after it.
    final class Call: Sendable {
        private let cancelled = Atomic(false)

        /// Whether it is to stop, or not to begin.
        var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

        fileprivate func cancel() { cancelled.store(true, ordering: .releasing) }
    }

    /// Readable when somebody has called `cancel` or `signal`.
    let descriptor: Int32
    /// The last call whose turn has come.
    private let running = Mutex<Call?>(nil)

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw PostgresError(
                .connectionFailed, "eventfd: \(String(cString: strerror(errno)))", operation: "connect")
        }
    }

    deinit { close(descriptor) }

    /// It is a call's turn.
    func begin(_ call: Call) { running.withLock { $0 = call } }

    /// Whether the call that runs has been cancelled.
    var isCancelled: Bool { running.withLock { $0?.isCancelled ?? false } }

    /// Cancels one call; the one that runs when `call` is nil.
    func cancel(_ call: Call?) {
        (call ?? running.withLock { $0 })?.cancel()
        signal()
    }

    /// Wakes the thread without asking for anything.
    func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Makes the descriptor unreadable again.
    func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
