import CLibpq
import Glibc

/// One libpq connection in non-blocking mode, and the waiting for it: `poll` on its socket, with a deadline.
///
/// Confined to the thread of the actor that owns it. A call runs inside `perform`, which knows its deadline. When that
/// passes, or the call is cancelled, the server is asked to stop; if it answers within `grace` the connection stays usable,
/// else it is closed.
final class Session {
    /// How long the server may take to answer a request to stop.
    static let grace: Duration = .seconds(2)
    /// Longest deadline, so that no arithmetic on it can overflow: ten years.
    static let longestTimeout: Duration = .seconds(315_360_000)

    let wakeup: Wakeup
    /// Names of prepared statements on the server.
    var statements: [StatementKey: String] = [:]
    /// Statements prepared so far: names are never used twice.
    var preparedCount = 0
    /// Those of a pipeline that the server has yet to answer for.
    var pendingPreparations: Set<StatementKey> = []
    /// Takes what LISTEN brings; nil where nobody listens.
    var notifications: Notifications.Continuation?
    private(set) var connection: OpaquePointer?
    private var closedBecause: PostgresError?
    private(set) var operation = "connect"
    private var deadline = ContinuousClock.now
    /// Why the running call was asked to stop, if it was.
    private(set) var stopReason: PostgresError.Code?
    private var cancellation: CancelRequest?
    /// A FATAL error that the server sent while nothing was going on.
    private var lastWords: PostgresError?

    init(wakeup: Wakeup) { self.wakeup = wakeup }

    deinit { PQfinish(connection) }

    /// Whether libpq takes the connection for alive.
    var isHealthy: Bool { connection != nil && PQstatus(connection) == CONNECTION_OK }

    /// Runs one call from beginning to end.
    ///
    /// - Parameter isShielded: the call goes ahead although its task has been cancelled.
    func perform<Value>(
        _ operation: String, timeout: Duration, isShielded: Bool = false, _ body: () throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        if let closedBecause {
            throw PostgresError(
                closedBecause.code, sqlState: closedBecause.sqlState, closedBecause.message, operation: operation)
        }
        begin(operation, timeout: timeout)
        if wakeup.isCancelled && !isShielded {
            throw PostgresError(
                .cancelled, sqlState: "57014", "cancelled before anything was sent", operation: operation)
        }
        defer { settle() }
        return try body()
    }

    /// Looks whether the connection has died while nothing was going on.
    func probe() -> Bool {
        guard let connection else { return false }
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        if poll(&descriptor, 1, 0) > 0, PQconsumeInput(connection) == 0 { _ = lost() }
        return isHealthy
    }

    /// Closes the connection; later calls fail as misuse.
    func close() {
        guard connection != nil else { return }
        abandon(PostgresError(.misuse, "the connection has been closed", operation: operation))
    }

    // MARK: For the steps of a call

    func begin(_ operation: String, timeout: Duration) {
        self.operation = operation
        deadline = ContinuousClock.now + min(timeout, Self.longestTimeout)
        stopReason = nil
    }

    /// Takes over what `PQconnectStart` made. Notices are dropped, but for the server's last words.
    func adopt(_ connection: OpaquePointer) {
        self.connection = connection
        // Unretained: the session outlives its connection. Results outlive both, and libpq would call this for an access
        // out of bounds, so `Rows` makes none.
        PQsetNoticeReceiver(
            connection,
            { session, notice in
                guard let session, let notice, ServerMessage.isFatal(notice) else { return }
                let receiver = Unmanaged<Session>.fromOpaque(session).takeUnretainedValue()
                receiver.lastWords = ServerMessage.error(in: notice, operation: receiver.operation)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    func error(_ code: PostgresError.Code, sqlState: String? = nil, _ message: String) -> PostgresError {
        PostgresError(code, sqlState: sqlState, message, operation: operation)
    }

    /// The connection for the steps of a call that runs.
    func live() throws(PostgresError) -> OpaquePointer {
        guard let connection else { throw closedBecause ?? error(.connectionLost, "the connection is gone") }
        return connection
    }

    /// Waits until the socket is ready for one of `events`, or has failed; while the server has nothing to do for this
    /// connection, also until the call is to stop.
    ///
    /// - Throws: `.timedOut` or `.cancelled`, the connection closed, when the server did not stop in time.
    @discardableResult
    func wait(for events: Int32) throws(PostgresError) -> Int16 {
        while true {
            let connection = try live()
            let socket = PQsocket(connection)
            guard socket >= 0 else { return Int16(POLLERR) }
            let remaining = try remainingMilliseconds()
            if stopReason != nil && !isServerBusy { return 0 }
            var descriptors = [
                pollfd(fd: socket, events: Int16(events), revents: 0),
                pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&descriptors, 2, remaining) >= 0 || errno == EINTR else {
                throw lost("poll: \(String(cString: strerror(errno)))")
            }
            if descriptors[1].revents != 0 {
                wakeup.drain()
                try checkCancellation()
            }
            if descriptors[0].revents != 0 { return descriptors[0].revents }
        }
    }

    /// Asks the server to stop if the deadline has passed or somebody has cancelled the call; for loops that need not wait.
    func checkStop() throws(PostgresError) {
        _ = try remainingMilliseconds()
        try checkCancellation()
    }

    /// Asks the server to stop what it is doing; the first reason counts.
    func requestStop(_ reason: PostgresError.Code) throws(PostgresError) {
        guard stopReason == nil else { return }
        stopReason = reason
        guard let connection, isHealthy else { throw abandon(stopped(reason, "no answer from \(server)")) }
        deadline = ContinuousClock.now + Self.grace
        guard isServerBusy else { return }
        cancellation = CancelRequest(connection, wakeup: wakeup)
    }

    /// The connection is gone: closes it and says why.
    func lost(_ reason: String? = nil) -> PostgresError {
        if var error = lastWords {
            error.code = .connectionLost
            return abandon(error)
        }
        let text = reason ?? connection.map { ServerMessage.oneLine(String(cString: PQerrorMessage($0))) } ?? ""
        return abandon(error(.connectionLost, text.isEmpty ? "the server closed the connection" : text))
    }

    /// Closes the connection because of an error, which it returns.
    @discardableResult
    func abandon(_ error: PostgresError) -> PostgresError {
        PQfinish(connection)
        connection = nil
        statements = [:]
        switch error.code {
        case .misuse:
            closedBecause = error
            notifications?.finish()
        default:
            let loss = PostgresError(
                .connectionLost, sqlState: error.code == .connectionLost ? error.sqlState : nil, error.message,
                operation: error.operation)
            closedBecause = loss
            notifications?.finish(throwing: loss)
        }
        return error
    }

    // MARK: Private

    private var server: String {
        guard let connection, let host = PQhost(connection), let port = PQport(connection) else { return "the server" }
        return "host \"\(String(cString: host))\", port \(String(cString: port))"
    }

    /// Whether a statement is under way, which alone can be stopped.
    private var isServerBusy: Bool { PQtransactionStatus(connection) == PQTRANS_ACTIVE }

    private func stopped(_ reason: PostgresError.Code, _ what: String) -> PostgresError {
        error(reason, reason == .cancelled ? "cancelled; \(what)" : "deadline passed; \(what)")
    }

    private func checkCancellation() throws(PostgresError) {
        if wakeup.isCancelled { try requestStop(.cancelled) }
    }

    private func remainingMilliseconds() throws(PostgresError) -> Int32 {
        var remaining = deadline - .now
        if remaining <= .zero {
            if let stopReason {
                throw abandon(
                    stopped(stopReason, "\(server) did not stop within \(Self.grace) and the connection is closed"))
            }
            try requestStop(.timedOut)
            remaining = deadline - .now
        }
        let (seconds, attoseconds) = remaining.components
        return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
    }

    /// After a call: no request to stop may be under way that could hit the next one, and a dead connection is closed.
    func settle() {
        while let request = cancellation, !request.isDone, connection != nil {
            guard let remaining = try? remainingMilliseconds() else { break }
            var descriptor = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, remaining) > 0 { wakeup.drain() }
        }
        cancellation = nil
        guard let connection else { return }
        deliverNotifications()
        if PQstatus(connection) != CONNECTION_OK { _ = lost() }
    }
}
