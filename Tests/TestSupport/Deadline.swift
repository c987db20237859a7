import Foundation
import Synchronization

extension Duration {
    /// The same, times `HAZECAST_TEST_PATIENCE`, which is set where everything is slower: under a sanitizer.
    public var patient: Duration { self * patience }
}

private let patience = ProcessInfo.processInfo.environment["HAZECAST_TEST_PATIENCE"].flatMap(Int.init) ?? 1

/// A test took longer than it may.
public struct DeadlineExceeded: Error, CustomStringConvertible {
    /// What the test was allowed.
    public let duration: Duration

    /// `no end within 5.0 seconds`.
    public var description: String { "no end within \(duration)" }
}

/// Runs `body`, and gives up on it after a time, made `patient`, even if it neither returns nor heeds its cancellation.
///
/// - Throws: `DeadlineExceeded`, or what `body` threw.
public func withDeadline<Value: Sendable>(
    _ duration: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let duration = duration.patient
    let outcome = Outcome<Value>()
    let work = Task {
        do { outcome.settle(.success(try await body())) } catch { outcome.settle(.failure(error)) }
    }
    let timer = Task {
        try await Task.sleep(for: duration)
        outcome.settle(.failure(DeadlineExceeded(duration: duration)))
    }
    defer {
        timer.cancel()
        work.cancel()
    }
    return try await outcome.value()
}

/// The first result that is offered.
private final class Outcome<Value: Sendable>: Sendable {
    private let state = Mutex<(result: Result<Value, any Error>?, waiter: CheckedContinuation<Value, any Error>?)>(
        (nil, nil))

    func settle(_ result: Result<Value, any Error>) {
        let waiter = state.withLock { state in
            guard state.result == nil else { return nil as CheckedContinuation<Value, any Error>? }
            state.result = result
            return state.waiter
        }
        waiter?.resume(with: result)
    }

    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state in
                state.waiter = continuation
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
