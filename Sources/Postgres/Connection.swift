import CLibpq
import Glibc

/// One connection to PostgreSQL, with a thread of its own on which all of libpq runs.
///
/// Calls run one after the other, in the order in which they arrive. Each has a deadline, which counts from its turn.
/// When that passes, or the calling task is cancelled, the server is asked to stop; with its answer (SQLSTATE 57014) the
/// connection goes on, without one it is closed two seconds later. An answer that comes in spite of that is returned.
///
/// A lost connection is never reopened: what it held (locks, a transaction, LISTEN) is gone, and only the caller knows
/// what that means. Every call on it fails at once with the code of the loss.
public actor Connection {
    private let executor: ThreadExecutor
    private let wakeup: Wakeup
    private let session: Session
    /// The transaction that is open by `withTransaction`.
    private var transaction: TransactionToken?

    /// All of the actor's work happens on its own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The connection's own thread, for a task that does little else than use it: `withTaskExecutorPreference` with this saves
    /// two changes of thread a call. Whatever blocks such a task blocks the connection as well.
    public nonisolated var thread: any TaskExecutor { executor }

    private init(name: String) throws(PostgresError) {
        wakeup = try Wakeup()
        session = Session(wakeup: wakeup)
        executor = try ThreadExecutor(name: name, wakeup: wakeup, idleWork: session)
    }

    /// Opens a connection. The session speaks UTF-8 and its time zone is UTC.
    ///
    /// Hosts, and the addresses of each name, are tried one after the other, as libpq's PQconnectdb does: the next one
    /// where one is away, silent, starting, full or not as `target_session_attrs` wants it.
    ///
    /// - Parameters:
    ///   - conninfo: a connection string or URI as libpq has them; service files, `PG…` variables and `.pgpass` count too.
    ///   - applicationName: for `pg_stat_activity`, where the user sets no other.
    ///   - timeout: divided among the hosts, for each address of a host and its authentication; `connect_timeout` of
    ///     the user goes before it.
    /// - Throws: `.misuse` for a malformed string and for TLS that cannot be had, `.connectionFailed` with the SQLSTATE
    ///   where the server gave one, `.timedOut`, `.cancelled`. No error repeats the password.
    public static func connect(
        _ conninfo: String, applicationName: String, timeout: Duration = .seconds(10)
    ) async throws(PostgresError) -> Connection {
        let parameters = try ConnectionParameters(conninfo, applicationName: applicationName, timeout: timeout)
        var failures: [PostgresError] = []
        for attributes in parameters.rounds {
            for host in parameters.hosts {
                do throws(PostgresError) {
                    let found = try await Resolver.addresses(of: host, timeout: parameters.timeout)
                    for address in parameters.isBalanced ? found.shuffled() : found {
                        let options = parameters.options(for: address, attributes: attributes)
                        do throws(PostgresError) {
                            let connection = try Connection(name: "pg \(applicationName)")
                            try await connection.open(options, timeout: parameters.timeout)
                            return connection
                        } catch {
                            failures.append(try error.orNextHost())
                        }
                    }
                } catch {
                    failures.append(try error.orNextHost())
                }
            }
        }
        throw PostgresError(hosts: failures)
    }

    private func open(
        _ options: [(keyword: String, value: String)], timeout: Duration
    ) async throws(PostgresError) {
        try await call("connect", timeout: timeout) { session throws(PostgresError) in
            try session.open(options, timeout: timeout)
        }
    }

    /// Closes the connection; the server rolls back what is open. Later calls fail as `.misuse`.
    public func close() { session.close() }

    /// Asks the server to stop what runs now, as a cancelled task does; without effect when nothing runs.
    public nonisolated func cancelRunning() { wakeup.cancel(nil) }

    /// Whether the next call has a chance: the connection has neither been closed nor has its end been seen.
    public var isUsable: Bool { session.probe() }

    /// The server's version, 150018 for 15.18; 0 when the connection is gone.
    public var serverVersion: Int { Int(PQserverVersion(session.connection)) }

    /// The process that serves this connection, as in `pg_stat_activity.pid`; 0 when the connection is gone.
    public var backendProcessID: Int32 { PQbackendPID(session.connection) }

    /// Runs one call on the session, stopped by the task's cancellation.
    ///
    /// - Parameter isShielded: the call goes ahead although its task has been cancelled.
    func call<Value>(
        _ operation: String, timeout: Duration, isShielded: Bool = false,
        _ body: (Session) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let call = Wakeup.Call()
        let wakeup = wakeup
        // Others may have their turn before `perform`, where the task has to change its executor for it.
        let result: Result<Value, PostgresError> = await withTaskCancellationHandler {
            perform(call, operation, timeout: timeout, isShielded: isShielded, body)
        } onCancel: {
            if !isShielded { wakeup.cancel(call) }
        }
        return try result.get()
    }

    /// A method, so that the compiler sees to it that it runs on this actor's thread and nowhere else.
    private func perform<Value>(
        _ call: Wakeup.Call, _ operation: String, timeout: Duration, isShielded: Bool,
        _ body: (Session) throws(PostgresError) -> Value
    ) -> Result<Value, PostgresError> {
        do throws(PostgresError) {
            guard transaction == nil || transaction == TransactionToken.current else {
                throw PostgresError(
                    .misuse, "another task has a transaction open on this connection", operation: operation)
            }
            wakeup.begin(call)
            return .success(
                try session.perform(operation, timeout: timeout, isShielded: isShielded) {
                    () throws(PostgresError) in try body(session)
                })
        } catch {
            return .failure(error)
        }
    }

    /// Marks the connection as belonging to a transaction, or to nobody.
    func setTransaction(_ token: TransactionToken?) { transaction = token }

    /// Whether `withTransaction` has a transaction open.
    var hasTransaction: Bool { transaction != nil }
}

extension PostgresError {
    /// What failed at each of several hosts.
    fileprivate init(hosts failures: [PostgresError]) {
        var messages: [String] = []
        for failure in failures where !messages.contains(failure.message) { messages.append(failure.message) }
        self.init(
            failures.allSatisfy { $0.code == .timedOut } ? .timedOut : .connectionFailed,
            sqlState: failures.compactMap(\.sqlState).last, messages.joined(separator: "; "), operation: "connect")
    }

    /// Itself, where another host may do what this one did not.
    ///
    /// - Throws: itself, where it ends the attempts.
    fileprivate func orNextHost() throws(PostgresError) -> PostgresError {
        guard recovery == .reconnect, code != .cancelled else { throw self }
        return self
    }
}
