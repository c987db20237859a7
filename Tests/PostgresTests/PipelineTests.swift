import Postgres
import TestSupport
import Testing

@Suite struct PipelineTests {
    private func number(_ rows: Rows) throws -> Int { try rows.single().decode(Int.self, at: 0) }

    private func numbers(_ answers: [Rows]) throws -> [Int] { try answers.map(number) }

    @Test func everyStatementSeesThoseBeforeItAndAnswersInOrder() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            for round in 1...3 {
                let answers = try await connection.pipeline([
                    Statement("INSERT INTO t VALUES ($1), ($2)", [Int32(round), Int32(-round)]),
                    Statement("SELECT count(*) FROM t"),
                    Statement("DELETE FROM t WHERE a < $1 RETURNING a", [Int32(0)]),
                    Statement("SELECT count(*) FROM t"),
                ])
                #expect(answers.count == 4 && answers[0].affected == 2 && answers[2].count == 1)
                #expect(try numbers([answers[1], answers[3]]) == [round + 1, round])
            }
            #expect(try await connection.pipeline([]).isEmpty)
        }
    }

    @Test func theSameStatementTwiceIsPreparedOnce() async throws {
        try await withConnection { connection in
            let one = Statement("SELECT $1::int + 1", [Int32(1)])
            let answers = try await connection.pipeline([one, one, Statement("SELECT $1::int + 1", [Int32(41)])])
            #expect(try numbers(answers) == [2, 2, 42])
            let prepared = try await connection.query(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int + 1'")
            #expect(try number(prepared) == 1)
        }
    }

    /// The first statement fails while it is prepared, the second one while it runs.
    @Test(arguments: ["SELECT absent FROM t", "SELECT 1 / (count(*) - 2) FROM t"])
    func anErrorUndoesAllOfThemAndLeavesTheConnectionUsable(wrong: String) async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            try await connection.query("INSERT INTO t VALUES (1)")
            let insert = Statement("INSERT INTO t VALUES ($1)", [Int32(2)])
            let later = Statement("SELECT count(*) + 100 FROM t")
            for _ in 0..<3 {
                let error = try await failure { try await connection.pipeline([insert, Statement(wrong), later]) }
                #expect(["42703", "22012"].contains(error.sqlState))
                #expect(try number(try await connection.query("SELECT count(*) FROM t")) == 1)
            }
            // Those that were not reached are prepared as soon as they are.
            let answers = try await connection.pipeline([insert, later])
            #expect(try number(answers[1]) == 102)
        }
    }

    @Test func inATransactionAnErrorIsTheTransactions() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer UNIQUE)")
            let insert = Statement("INSERT INTO t VALUES (1)")
            let error = try await failure {
                try await connection.withTransaction { try await connection.pipeline([insert, insert]) }
            }
            #expect(error.sqlState == "23505")
            #expect(try number(try await connection.query("SELECT count(*) FROM t")) == 0)
        }
    }

    @Test func aPipelineThatTakesTooLongIsCancelledWhole() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            let error = try await failure {
                try await connection.pipeline(
                    [Statement("INSERT INTO t VALUES (1)"), Statement("SELECT pg_sleep(60)")],
                    timeout: .milliseconds(300))
            }
            #expect(error.code == .timedOut)
            #expect(try number(try await connection.query("SELECT count(*) FROM t")) == 0)
        }
    }

    @Test func aStatementThatTheServerHasForgottenIsPreparedAnew() async throws {
        try await withConnection { connection in
            let statements = [Statement("SELECT 1 + $1::int", [Int32(1)]), Statement("SELECT 5")]
            try await connection.pipeline(statements)
            try await connection.run(script: "DEALLOCATE ALL")
            let error = try await failure { try await connection.pipeline(statements) }
            #expect(error.code == .staleStatement)
            let answers = try await connection.pipeline(statements)
            #expect(try numbers(answers) == [2, 5])
        }
    }

    @Test func copyHasNoPlaceInIt() async throws {
        try await withConnection { connection in
            let copy = [Statement("COPY (SELECT 1) TO STDOUT")]
            let error = try await failure { try await connection.pipeline(copy) }
            #expect(error.code == .misuse)
        }
    }
}
