import CLibpq

/// Who may use a connection while a transaction is open on it: the task that opened it and its children.
final class TransactionToken: Sendable, Equatable {
    @TaskLocal static var current: TransactionToken?

    static func == (left: TransactionToken, right: TransactionToken) -> Bool { left === right }
}

extension Connection {
    /// Runs `body` between BEGIN and COMMIT; rolls back when it throws or its task is cancelled.
    ///
    /// While the transaction is open, calls of other tasks on this connection fail as `.misuse` instead of becoming part of
    /// it; so does a second transaction inside the first.
    ///
    /// - Parameters:
    ///   - begin: the statement that begins it, for another isolation level.
    ///   - timeout: for BEGIN, COMMIT and ROLLBACK each; the calls in `body` have their own.
    /// - Throws: what `body` threw, after the rollback; `.commitOutcomeUnknown` when the connection was lost during COMMIT;
    ///   `.server` with 25P02 when `body` swallowed the error of a statement, for which the server rolls back.
    public nonisolated(nonsending) func withTransaction<Value>(
        _ begin: String = "BEGIN", timeout: Duration = .seconds(30), _ body: () async throws -> Value
    ) async throws -> Value {
        let token = try await self.begin(begin, timeout: timeout)
        return try await TransactionToken.$current.withValue(token) {
            let value: Value
            do {
                value = try await body()
            } catch {
                await rollBack(timeout: timeout)
                throw error
            }
            try await commit(timeout: timeout)
            return value
        }
    }

    private func begin(_ sql: String, timeout: Duration) async throws(PostgresError) -> TransactionToken {
        guard !hasTransaction else {
            throw PostgresError(.misuse, "a transaction is already open on this connection", operation: sql)
        }
        try await run(script: sql, timeout: timeout)
        let token = TransactionToken()
        setTransaction(token)
        return token
    }

    /// Whatever becomes of it, the transaction is over: a connection on which ROLLBACK fails is closed.
    private func rollBack(timeout: Duration) async {
        do throws(PostgresError) {
            try await call("ROLLBACK", timeout: timeout, isShielded: true) { session throws(PostgresError) in
                try session.run(script: "ROLLBACK")
            }
        } catch {
            close()
        }
        setTransaction(nil)
    }

    private func commit(timeout: Duration) async throws(PostgresError) {
        let isCommitted: Bool
        do throws(PostgresError) {
            isCommitted = try await call("COMMIT", timeout: timeout) { session throws(PostgresError) in
                try session.commit()
            }
        } catch {
            await rollBack(timeout: timeout)
            throw error
        }
        setTransaction(nil)
        guard isCommitted else {
            throw PostgresError(
                .server, sqlState: "25P02", "rolled back, because a statement in the transaction had failed",
                operation: "COMMIT")
        }
    }
}

extension Session {
    /// COMMIT.
    ///
    /// - Returns: false when the server rolled back instead, because a statement had failed.
    /// - Throws: `.commitOutcomeUnknown` when the connection is gone and only the server knows.
    fileprivate func commit() throws(PostgresError) -> Bool {
        do throws(PostgresError) {
            try sent(PQsendQuery(live(), "COMMIT"))
            guard let result = try collect() else { return false }
            return String(cString: PQcmdStatus(result.pointer)) == "COMMIT"
        } catch {
            guard connection == nil else { throw error }
            throw PostgresError(
                .commitOutcomeUnknown, sqlState: error.sqlState,
                "the connection was lost before the server confirmed: \(error.message)", operation: "COMMIT")
        }
    }
}
