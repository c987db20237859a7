import Foundation

/// Runs what computes for long on a thread of its own, so that it does not block the cooperative pool.
func onThread<Value: Sendable>(
    named name: String, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result(catching: body)) }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }
}
