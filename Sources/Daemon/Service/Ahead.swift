import Dispatch
import Synchronization

/// Makes pieces on a thread of its own, a few ahead of whoever takes them.
///
/// What takes the lock is not inlined: inside an asynchronous function 6.3.1 remembers across a suspension which thread it is on,
/// and the mutex then finds that another one holds it.
final class Ahead<Piece: Sendable>: Sendable {
    private struct State {
        var pieces: [Piece?] = []
        var isAbandoned = false
    }

    private let state = Mutex(State())
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Begins at once.
    ///
    /// - Parameters:
    ///   - count: pieces that wait at most.
    ///   - make: the next piece; nil at the end.
    init(by count: Int, _ make: @escaping @Sendable () -> Piece?) {
        for _ in 0..<count { room.signal() }
        DispatchQueue.global(qos: .userInitiated).async { [self] in
            defer { ended.signal() }
            while true {
                room.wait()
                if state.withLock({ $0.isAbandoned }) { return }
                let piece = make()
                state.withLock { $0.pieces.append(piece) }
                filled.signal()
                if piece == nil { return }
            }
        }
    }

    /// The next piece; waits for it. Not to be called again after it was nil.
    @inline(never)
    func next() -> Piece? {
        filled.wait()
        defer { room.signal() }
        return state.withLock { $0.pieces.removeFirst() }
    }

    /// Returns when nothing is made any more; what waits is never taken.
    @inline(never)
    func end() {
        state.withLock { $0.isAbandoned = true }
        room.signal()
        ended.wait()
    }
}
