import CLibpq

/// One NOTIFY that arrived.
public struct Notification: Sendable, Hashable {
    /// The channel.
    public let channel: String
    /// The text that was sent along, often empty.
    public let payload: String
    /// The server process that sent it.
    public let processID: Int32
}

/// The notifications of a connection, in the order of the server's commits.
///
/// Ends without an error after `Connection.close`, and with a `PostgresError` when the connection dies. One task may iterate it.
public typealias Notifications = AsyncThrowingStream<Notification, any Error>

extension Connection {
    /// Listens, once in a connection's life; it does so when this returns.
    ///
    /// Notifications are hints: what nobody fetches is dropped beyond the newest 1,024, and what was sent while nobody listened
    /// never arrives. Whoever listens therefore looks at the tables once after this has returned. The connection can be used
    /// meanwhile: what comes is handed over after each call, and at once where there is none. While a transaction is open
    /// nothing comes.
    ///
    /// Silence says nothing about whether there is still somebody at the other end.
    ///
    /// - Parameter channels: spelled as the NOTIFY spells them after folding.
    /// - Throws: as `query`; `.misuse` the second time.
    public func listen(
        to channels: [String], timeout: Duration = .seconds(10)
    ) async throws(PostgresError) -> Notifications {
        try await call("LISTEN", timeout: timeout) { session throws(PostgresError) in
            try session.listen(to: channels)
        }
    }
}

extension Session {
    fileprivate func listen(to channels: [String]) throws(PostgresError) -> Notifications {
        guard notifications == nil else { throw error(.misuse, "the connection listens already") }
        let (stream, continuation) = Notifications.makeStream(bufferingPolicy: .bufferingNewest(1024))
        for channel in channels {
            let connection = try live()
            guard let name = PQescapeIdentifier(connection, channel, channel.utf8.count) else { throw lost() }
            defer { PQfreemem(name) }
            try run(script: "LISTEN \(String(cString: name))")
        }
        notifications = continuation
        return stream
    }

    /// Hands over what has come.
    func deliverNotifications() {
        while let pointer = PQnotifies(connection) {
            defer { PQfreemem(pointer) }
            notifications?.yield(
                Notification(
                    channel: String(cString: pointer.pointee.relname), payload: String(cString: pointer.pointee.extra),
                    processID: pointer.pointee.be_pid))
        }
    }
}

extension Session: ThreadExecutor.IdleWork {
    var awaitedSocket: Int32 { notifications == nil || connection == nil ? -1 : PQsocket(connection) }

    func attend() {
        begin("LISTEN", timeout: .zero)
        if PQconsumeInput(connection) == 0 { _ = lost() }
        settle()
    }
}
