import Postgres
import TestSupport
import Testing

struct QueryTests {
    @Test func hostileTextStaysText() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE note (body text)")
            let hostile = ["'); DROP TABLE note; --", "$1", "\\", "\"", "\u{1F4A3}'\n"]
            for text in hostile { try await connection.query("INSERT INTO note VALUES ($1)", [text]) }
            let rows = try await connection.query("SELECT body FROM note ORDER BY ctid")
            #expect(try rows.map { try $0.decode(String.self, at: 0) } == hostile)
            let nul = try await failure { try await connection.query("SELECT $1", ["a\0b"]) }
            #expect(nul.sqlState == "22021" && nul.recovery == .skipRow)
            let statement = try await failure { try await connection.query("SELECT 1; \0 DROP TABLE note") }
            #expect(statement.code == .misuse)
        }
    }

    @Test func errorsCarryStateAndConstraintButNoData() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (id integer CONSTRAINT id_is_new PRIMARY KEY, v real)")
            let insert = "INSERT INTO t VALUES ($1, $2)"
            #expect(try await connection.query(insert, [Int32(7_654_321), Float(1)]).affected == 1)
            let duplicate = try await failure { try await connection.query(insert, [Int32(7_654_321), Float(1)]) }
            #expect(duplicate.code == .server && duplicate.sqlState == "23505" && duplicate.recovery == .skipRow)
            #expect(duplicate.constraint == "id_is_new")
            #expect(!"\(duplicate)".contains("7654321"))
            let malformed = try await failure { try await connection.query("SELECT $1::text::integer", ["hunter2"]) }
            #expect(malformed.sqlState == "22P02" && !"\(malformed)".contains("hunter2"))
            let unknown = try await failure { try await connection.query("SELECT * FROM absent") }
            #expect(unknown.sqlState == "42P01" && unknown.recovery == .stop)
            #expect("\(unknown)" == "SELECT * FROM: relation \"absent\" does not exist (SQLSTATE 42P01)")
            #expect(try await connection.query("SELECT count(*) FROM t").single().decode(Int.self, at: 0) == 1)
        }
    }

    @Test func statementsArePreparedOnceAndAnewWhenTheSchemaChanges() async throws {
        try await withConnection { connection in
            let prepared = "SELECT count(*) FROM pg_prepared_statements"
            try await connection.run(script: "CREATE TABLE t (a integer); INSERT INTO t VALUES (1)")
            for _ in 0..<3 { try await connection.query("SELECT * FROM t") }
            #expect(try await connection.query(prepared).single().decode(Int.self, at: 0) == 2)
            try await connection.run(script: "ALTER TABLE t ADD b text DEFAULT 'x'")
            #expect(try await connection.query("SELECT * FROM t").single().decode(String.self, "b") == "x")
            try await connection.run(script: "DEALLOCATE ALL")
            #expect(try await connection.query("SELECT * FROM t").count == 1)
            try await connection.run(script: "ALTER TABLE t DROP b")
            let stale = try await failure {
                try await connection.withTransaction { try await connection.query("SELECT * FROM t") }
            }
            #expect(stale.code == .staleStatement && stale.recovery == .retry)
            #expect(try await connection.query("SELECT * FROM t").columnCount == 1)
        }
    }

    @Test func moreStatementsThanAreKeptStillRun() async throws {
        try await withConnection { connection in
            for number in 0..<300 {
                let row = try await connection.query("SELECT \(number) + $1", [Int32(1)]).single()
                #expect(try row.decode(Int32.self, at: 0) == Int32(number) + 1)
            }
            let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements")
            #expect(try count.single().decode(Int.self, at: 0) == 256)
        }
    }

    @Test func scriptsRunAsOneTransactionAndStopAtTheFirstError() async throws {
        try await withConnection { connection in
            let error = try await failure {
                try await connection.run(script: "CREATE TABLE a (); SELECT 1/0; CREATE TABLE b ()")
            }
            #expect(error.sqlState == "22012")
            let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            #expect(try await connection.query(tables).single().decode(Int.self, at: 0) == 0)
        }
    }

    @Test func copyThroughTheWrongDoorIsAnErrorAndNothingMore() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            for sql in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
                #expect(try await failure { try await connection.query(sql) }.code == .misuse)
                #expect(try await failure { try await connection.run(script: sql) }.code == .misuse)
            }
            #expect(try await failure { try await connection.copyIn("COPY t TO STDOUT", []) }.code == .misuse)
            #expect(try await failure { try await connection.copyIn("SELECT 1", []) }.code == .misuse)
            #expect(try await failure { try await connection.copyOut("COPY t FROM STDIN") }.code == .misuse)
            #expect(try await failure { try await connection.copyOut("COPY absent TO STDOUT") }.sqlState == "42P01")
            #expect(await connection.isUsable)
            #expect(try await connection.query("SELECT 1").count == 1)
        }
    }

    @Test func manyTasksShareAConnectionAndEachGetsItsOwnAnswer() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        for round in 0..<10 {
                            let value = Int64(number * 100 + round)
                            let row = try await connection.query("SELECT $1, pg_backend_pid()", [value]).single()
                            #expect(try row.decode(Int64.self, at: 0) == value)
                            #expect(try await row.decode(Int32.self, at: 1) == connection.backendProcessID)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
