import CLibpq
import Synchronization

/// A request to the server to stop what a connection does, sent by a thread of its own.
///
/// `PQcancel` opens a second connection and blocks until the server has seen it, on a dead network for minutes. The thread
/// may outlive the connection, because it owns all that it touches.
final class CancelRequest: Sendable {
    private let done: Completion

    /// Whether the server has received the request, or never will.
    var isDone: Bool { done.value.load(ordering: .acquiring) }

    init(_ connection: OpaquePointer, wakeup: Wakeup) {
        let done = Completion()
        self.done = done
        guard let cancel = PQgetCancel(connection) else {
            done.value.store(true, ordering: .releasing)
            return
        }
        // An address crosses to the thread, which alone uses it from here on and frees it.
        let address = UInt(bitPattern: cancel)
        do throws(PostgresError) {
            try startThread(named: "pg cancel") {
                let cancel = OpaquePointer(bitPattern: address)
                var message = [CChar](repeating: 0, count: 256)
                PQcancel(cancel, &message, Int32(message.count))
                PQfreeCancel(cancel)
                done.value.store(true, ordering: .releasing)
                wakeup.signal()
            }
        } catch {
            PQfreeCancel(cancel)
            done.value.store(true, ordering: .releasing)
        }
    }

    private final class Completion: Sendable {
        let value = Atomic(false)
    }
}
