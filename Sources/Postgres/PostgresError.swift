/// Why a call to PostgreSQL failed, and what to do next.
///
/// Messages name the operation and the SQLSTATE. They never hold a password or the contents of a row: of what the server
/// says only its primary message and the names of the objects it complains about are kept, not its DETAIL.
public struct PostgresError: Error, Sendable, Equatable {
    /// What happened.
    public enum Code: Sendable, Equatable {
        /// No connection came about.
        case connectionFailed
        /// The connection is gone; every later call on it fails at once with the same code.
        case connectionLost
        /// The connection went away while COMMIT was under way: the transaction may or may not be committed.
        case commitOutcomeUnknown
        /// The deadline passed. With a SQLSTATE the server stopped in time and the connection is usable, else it is closed.
        case timedOut
        /// The task was cancelled. With a SQLSTATE the connection is usable, else it is closed.
        case cancelled
        /// The server refused; `sqlState` says why.
        case server
        /// A prepared statement no longer fits the schema, inside a transaction, where it cannot be prepared anew.
        case staleStatement
        /// A value is not of the type that was asked for.
        case decoding
        /// The caller's mistake: a malformed connection string, TLS that the server does not have or a certificate that
        /// does not verify, a closed connection, a COPY where none belongs.
        case misuse
    }

    /// What to do after an error.
    public enum Recovery: Sendable, Equatable {
        /// This connection is of no use: open another one, with backoff.
        case reconnect
        /// The same transaction may well succeed when tried again.
        case retry
        /// The data is at fault; go on without the row.
        case skipRow
        /// Trying again cannot help; somebody has to change something.
        case stop
    }

    /// What happened.
    public var code: Code
    /// The server's five-character SQLSTATE; nil where the server did not speak.
    public var sqlState: String?
    /// One line for a person.
    public var message: String
    /// What was being done, for example "COMMIT" or the first words of the statement.
    public var operation: String
    /// The constraint that the server names, if any.
    public var constraint: String?

    /// An error from its parts.
    public init(
        _ code: Code, sqlState: String? = nil, _ message: String, operation: String, constraint: String? = nil
    ) {
        self.code = code
        self.sqlState = sqlState
        self.message = message
        self.operation = operation
        self.constraint = constraint
    }

    /// What to do next.
    public var recovery: Recovery {
        let state = sqlState ?? ""
        switch (code, state, state.prefix(2)) {
        case (.connectionLost, _, _), (.commitOutcomeUnknown, _, _): return .reconnect
        case (.timedOut, "", _), (.cancelled, "", _): return .reconnect
        case (.decoding, _, _), (.misuse, _, _): return .stop
        case (.staleStatement, _, _): return .retry
        case (_, "57P01", _), (_, "57P02", _), (_, "57P03", _), (_, "53300", _), (_, "25006", _), (_, _, "08"):
            return .reconnect
        case (_, "57014", _), (_, "40001", _), (_, "40P01", _), (_, "55P03", _), (_, "25P02", _), (_, _, "53"):
            return .retry
        case (_, _, "22"), (_, _, "23"): return .skipRow
        case (.connectionFailed, "", _): return .reconnect
        default: return .stop
        }
    }
}

extension PostgresError: CustomStringConvertible {
    /// `operation: message (SQLSTATE 23505)`.
    public var description: String {
        let suffix = sqlState.map { " (SQLSTATE \($0))" } ?? ""
        return "\(operation): \(message)\(suffix)"
    }
}
