import CLibpq
import Glibc
import Synchronization

/// Wakes a connection's thread out of `poll`, and carries the wish to stop what it is doing.
///
/// Calls are numbered, so that a cancellation that comes too late for its own call cannot hit the next one.
final class Wakeup: Sendable {
    /// Readable when somebody has called `cancel` or `signal`.
    let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        var call: UInt64 = 0
        var isCancelled = false
    }

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw PostgresError(
                .connectionFailed, "eventfd: \(String(cString: strerror(errno)))", operation: "connect")
        }
    }

    deinit { close(descriptor) }

    /// Begins a new call and returns its number.
    func beginCall() -> UInt64 {
        state.withLock { state in
            state.call &+= 1
            state.isCancelled = false
            return state.call
        }
    }

    /// Whether the call that runs has been cancelled.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Cancels one call if it still runs; any call when `call` is nil.
    func cancel(call: UInt64?) {
        let hit = state.withLock { state in
            guard call == nil || call == state.call else { return false }
            state.isCancelled = true
            return true
        }
        if hit { signal() }
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
