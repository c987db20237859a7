import Synchronization

/// A value that several parties may offer; the first one counts.
final class Race<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, Never>)
        case settled(Value)
    }

    private let state = Mutex(State.open)

    /// Offers a value; without effect when there already is one.
    func settle(_ value: Value) {
        let continuation: CheckedContinuation<Value, Never>? = state.withLock { state in
            guard case .settled = state else {
                defer { state = .settled(value) }
                if case .awaited(let continuation) = state { return continuation }
                return nil
            }
            return nil
        }
        continuation?.resume(returning: value)
    }

    /// The first value. To be called once.
    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let settled: Value? = state.withLock { state in
                if case .settled(let value) = state { return value }
                state = .awaited(continuation)
                return nil
            }
            if let settled { continuation.resume(returning: settled) }
        }
    }
}
