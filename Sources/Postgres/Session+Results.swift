import CLibpq
import Glibc

extension Session {
    /// Several statements in one string, without parameters and without an answer.
    func run(script: String) throws(PostgresError) {
        try sent(PQsendQuery(live(), script))
        _ = try collect()
    }

    /// Checks what one of the `PQsend…` functions returned.
    func sent(_ status: Int32) throws(PostgresError) {
        guard status == 1 else {
            let connection = try live()
            guard isHealthy else { throw lost() }
            throw error(.misuse, ServerMessage.oneLine(String(cString: PQerrorMessage(connection))))
        }
    }

    /// Sends what libpq holds back, reading meanwhile, because a server that cannot write does not read either.
    func flush() throws(PostgresError) {
        while true {
            let connection = try live()
            switch PQflush(connection) {
            case 0: return
            case 1:
                let events = try wait(for: POLLIN | POLLOUT)
                // A failure to read comes out again as the next result.
                if events & ~Int16(POLLOUT) != 0, PQconsumeInput(connection) == 0 { return }
            default: throw lost()
            }
        }
    }

    /// The next result of what was sent; nil when there is no more.
    func nextResult() throws(PostgresError) -> QueryResult? {
        try flush()
        let connection = try live()
        while PQisBusy(connection) != 0 {
            try wait(for: POLLIN)
            guard PQconsumeInput(connection) == 0 else { continue }
            // With the socket gone the next result is the error, at once; with it still there it might block.
            if PQsocket(connection) >= 0 { throw lost() }
            break
        }
        return PQgetResult(connection).map(QueryResult.init)
    }

    /// Reads all results to the end, whatever they are, so that the connection is ready for the next statement.
    ///
    /// - Returns: the last result that holds something.
    /// - Throws: the first error; `.misuse` when the statement was a COPY.
    func collect() throws(PostgresError) -> QueryResult? {
        var last: QueryResult?
        var failure: PostgresError?
        while let result = try nextResult() {
            switch PQresultStatus(result.pointer) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = result
            case PGRES_COPY_IN:
                failure = failure ?? error(.misuse, "COPY FROM STDIN goes through copyIn")
                try endCopyIn(error: "no data")
            case PGRES_COPY_OUT:
                failure = failure ?? error(.misuse, "COPY TO STDOUT goes through copyOut")
                while try nextCopyData({ _ in }) {}
            case PGRES_COPY_BOTH: throw abandon(error(.misuse, "replication is not for here"))
            default: failure = failure ?? self.failure(result)
            }
        }
        if let failure { throw failure }
        return last
    }

    /// The error that a result is, seen with what the call itself asked for and with what became of the connection.
    func failure(_ result: QueryResult) -> PostgresError {
        var error = ServerMessage.error(in: result.pointer, operation: operation)
        // After a FATAL error the server hangs up, whether or not we have seen that yet.
        if !isHealthy || ServerMessage.isFatal(result.pointer) {
            error.code = .connectionLost
            return abandon(error)
        }
        if let stopReason, error.sqlState == "57014" {
            error.code = stopReason
            error.message = stopReason == .timedOut ? "stopped at its deadline" : "cancelled"
        }
        return error
    }
}
