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
        try await withTransaction(begin, first: [], timeout: timeout) { _, _ in try await body() }.value
    }

    /// The same with statements that share the round trip of BEGIN, and others that share that of COMMIT.
    ///
    /// - Parameters:
    ///   - first: what to send with BEGIN.
    ///   - timeout: for BEGIN with `first`, for COMMIT with what goes before it, and for ROLLBACK.
    ///   - body: gets the answers to `first`, and says what to send with COMMIT; the first of these that fails ends the
    ///     transaction.
    /// - Returns: what `body` returned, and the answers to the last statements.
    public nonisolated(nonsending) func withTransaction<Value>(
        _ begin: String = "BEGIN", first: [Statement], timeout: Duration = .seconds(30),
        _ body: (_ first: [Rows], _ last: inout [Statement]) async throws -> Value
    ) async throws -> (value: Value, last: [Rows]) {
        let (token, answers) = try await self.begin(begin, first, timeout: timeout)
        return try await TransactionToken.$current.withValue(token) {
            let value: Value
            var last: [Statement] = []
            do {
                value = try await body(answers, &last)
            } catch {
                await rollBack(timeout: timeout)
                throw error
            }
            return (value, try await commit(after: last, timeout: timeout))
        }
    }

    private func begin(
        _ sql: String, _ first: [Statement], timeout: Duration
    ) async throws(PostgresError) -> (TransactionToken, [Rows]) {
        guard !hasTransaction else {
            throw PostgresError(.misuse, "a transaction is already open on this connection", operation: sql)
        }
        let answers: [Rows]
        do throws(PostgresError) {
            answers = try await pipeline([Statement(sql)] + first, timeout: timeout)
        } catch {
            // Whether it has begun or not.
            if !first.isEmpty { await rollBack(timeout: timeout) }
            throw error
        }
        let token = TransactionToken()
        setTransaction(token)
        return (token, Array(answers.dropFirst()))
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

    private func commit(after last: [Statement], timeout: Duration) async throws(PostgresError) -> [Rows] {
        var answers: [Rows]
        do throws(PostgresError) {
            answers = try await call("COMMIT", timeout: timeout) { session throws(PostgresError) in
                try session.commit(after: last)
            }
        } catch {
            await rollBack(timeout: timeout)
            throw error
        }
        setTransaction(nil)
        guard answers.popLast()?.command == "COMMIT" else {
            throw PostgresError(
                .server, sqlState: "25P02", "rolled back, because a statement in the transaction had failed",
                operation: "COMMIT")
        }
        return answers
    }
}

extension Session {
    /// COMMIT, in one round trip with what goes before it. The last answer's command says whether the server did so, or rolled
    /// back because a statement had failed.
    ///
    /// - Throws: `.commitOutcomeUnknown` when the connection is gone and only the server knows.
    fileprivate func commit(after last: [Statement]) throws(PostgresError) -> [Rows] {
        do throws(PostgresError) {
            return try pipeline(last + [Statement("COMMIT")])
        } catch {
            guard connection == nil else { throw error }
            throw PostgresError(
                .commitOutcomeUnknown, sqlState: error.sqlState,
                "the connection was lost before the server confirmed: \(error.message)", operation: "COMMIT")
        }
    }
}
