import CLibpq
import Glibc

/// One NOTIFY that arrived.
public struct Notification: Sendable, Hashable {
    /// The channel.
    public let channel: String
    /// The text that was sent along, often empty.
    public let payload: String
    /// The server process that sent it.
    public let processID: Int32
}

/// LISTEN on a connection and a thread of its own.
///
/// Notifications are hints: what nobody fetches is dropped beyond the newest 1,024, and what was sent while no listener was
/// there never arrives. Whoever listens therefore looks at the tables once after `listen` has returned.
///
/// Silence says nothing about whether there is still somebody at the other end, so the server is asked now and then. With
/// the time it has to stop, a half-open connection is found within 15 s.
public final class Listener: Sendable {
    /// How long it is quiet before the server is asked whether it is there.
    fileprivate static let quiet: Duration = .seconds(3)
    /// How long the server may take to answer that.
    fileprivate static let answer: Duration = .seconds(8)

    /// The notifications in the order of the server's commits.
    ///
    /// Ends without an error after `close`, and with a `PostgresError` when the connection dies. One task may iterate it.
    public let notifications: AsyncThrowingStream<Notification, any Error>
    /// The process that serves this connection, as in `pg_stat_activity.pid`.
    public let backendProcessID: Int32
    private let connection: Connection
    private let forwarding: Task<Void, Never>

    /// Connects and listens; it does so when this returns.
    ///
    /// - Parameter channels: names of channels, spelled as the NOTIFY spells them after folding.
    /// - Throws: as `Connection.connect`, and as `query`.
    public static func listen(
        _ conninfo: String, channels: [String], applicationName: String, timeout: Duration = .seconds(10)
    ) async throws(PostgresError) -> Listener {
        let connection = try await Connection.connect(conninfo, applicationName: applicationName, timeout: timeout)
        try await connection.call("LISTEN", timeout: timeout) { session throws(PostgresError) in
            for channel in channels { try session.listen(channel) }
        }
        return Listener(connection, backendProcessID: await connection.backendProcessID)
    }

    private init(_ connection: Connection, backendProcessID: Int32) {
        self.connection = connection
        self.backendProcessID = backendProcessID
        let (stream, continuation) = AsyncThrowingStream<Notification, any Error>.makeStream(
            bufferingPolicy: .bufferingNewest(1024))
        notifications = stream
        forwarding = Task {
            continuation.finish(throwing: await connection.forward { continuation.yield($0) })
        }
    }

    deinit { forwarding.cancel() }

    /// Stops listening and closes the connection.
    public func close() async {
        forwarding.cancel()
        await forwarding.value
    }
}

extension Connection {
    /// Hands over notifications until the task is cancelled, then closes the connection.
    ///
    /// - Returns: the error with which the connection died; nil when it was closed on purpose.
    fileprivate func forward(to receive: @Sendable (Notification) -> Void) async -> PostgresError? {
        do throws(PostgresError) {
            while !Task.isCancelled {
                try await call("LISTEN", timeout: Listener.quiet) { session throws(PostgresError) in
                    try session.forward(to: receive)
                }
                try await call("LISTEN", timeout: Listener.answer) { session throws(PostgresError) in
                    try session.run(script: "")
                    try session.deliver(to: receive)
                }
            }
        } catch {
            close()
            return error.code == .cancelled ? nil : error
        }
        close()
        return nil
    }
}

extension Session {
    fileprivate func listen(_ channel: String) throws(PostgresError) {
        let connection = try live()
        guard let name = PQescapeIdentifier(connection, channel, channel.utf8.count) else { throw lost() }
        defer { PQfreemem(name) }
        try run(script: "LISTEN \(String(cString: name))")
    }

    /// Hands over what has come.
    fileprivate func deliver(to receive: (Notification) -> Void) throws(PostgresError) {
        let connection = try live()
        while let pointer = PQnotifies(connection) {
            defer { PQfreemem(pointer) }
            receive(
                Notification(
                    channel: String(cString: pointer.pointee.relname),
                    payload: String(cString: pointer.pointee.extra), processID: pointer.pointee.be_pid))
        }
    }

    /// Returns when the call is cancelled or its time is over.
    fileprivate func forward(to receive: (Notification) -> Void) throws(PostgresError) {
        while true {
            try deliver(to: receive)
            try wait(for: POLLIN)
            if stopReason != nil { return }
            guard PQconsumeInput(try live()) == 1 else {
                throw try nextResult().map(failure) ?? lost()
            }
        }
    }
}
