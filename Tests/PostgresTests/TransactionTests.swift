import Postgres
import TestSupport
import Testing

struct TransactionTests {
    private struct Abandoned: Error {}

    private func count(_ connection: Connection) async throws -> Int {
        try await connection.query("SELECT count(*) FROM t").single().decode(Int.self, at: 0)
    }

    @Test func aTransactionCommitsWhatItsBodyDidAndReturnsItsValue() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            let value = try await connection.withTransaction("BEGIN ISOLATION LEVEL SERIALIZABLE") {
                try await connection.query("INSERT INTO t VALUES (1)").affected
            }
            #expect(value == 1)
            #expect(try await count(connection) == 1)
        }
    }

    @Test func whatTheBodyThrowsRollsBack() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            await #expect(throws: Abandoned.self) {
                try await connection.withTransaction {
                    try await connection.query("INSERT INTO t VALUES (1)")
                    throw Abandoned()
                }
            }
            let task = Task {
                try await connection.withTransaction {
                    try await connection.query("INSERT INTO t VALUES (1)")
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            #expect(try await failure { try await task.value }.code == .cancelled)
            #expect(try await count(connection) == 0)
        }
    }

    @Test func aSwallowedErrorDoesNotPassForACommit() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            let error = try await failure {
                try await connection.withTransaction {
                    try await connection.query("INSERT INTO t VALUES (1)")
                    _ = try? await connection.query("SELECT 1/0")
                }
            }
            #expect(error.sqlState == "25P02" && error.recovery == .retry)
            #expect(try await count(connection) == 0)
        }
    }

    @Test func anErrorOfCommitItselfIsKnownToHaveRolledBack() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let error = try await failure {
                try await connection.withTransaction { try await connection.query("INSERT INTO t VALUES (1), (1)") }
            }
            #expect(error.code == .server && error.sqlState == "23505" && error.operation == "COMMIT")
            #expect(try await count(connection) == 0)
        }
    }

    @Test func otherTasksStayOutOfATransaction() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            try await connection.withTransaction {
                let outsider = Task.detached { try await connection.query("INSERT INTO t VALUES (1)") }
                let refused = try await failure { try await outsider.value }
                #expect(refused.code == .misuse)
                let nested = try await failure { try await connection.withTransaction {} }
                #expect(nested.code == .misuse)
                async let child = connection.query("INSERT INTO t VALUES (2)")
                let affected = try await child.affected
                #expect(affected == 1)
            }
            #expect(try await count(connection) == 1)
        }
    }

    @Test func aCommitThatIsCutOffHasAnUnknownOutcome() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            let database = try await connection.query("SELECT current_database()").single().decode(String.self, at: 0)
            let proxy = try await Proxy(to: TestServer.shared())
            let cut = try await Connection.connect(proxy.conninfo(database: database), applicationName: "test")
            proxy.cut(afterClientSends: "COMMIT")
            let error = try await failure {
                try await cut.withTransaction { try await cut.query("INSERT INTO t VALUES (1)") }
            }
            #expect(error.code == .commitOutcomeUnknown && error.recovery == .reconnect)
            #expect(try await failure { try await cut.query("SELECT 1") }.code == .connectionLost)
            proxy.close()
        }
    }

    @Test func aCommitIntoABlackHoleHasAnUnknownOutcome() async throws {
        try await withDeadline(.seconds(60)) {
            let proxy = try await Proxy(to: TestServer.shared())
            let connection = try await Connection.connect(
                proxy.conninfo(database: "postgres"), applicationName: "test")
            let error = try await failure {
                try await connection.withTransaction(timeout: .milliseconds(300)) { proxy.blackHole() }
            }
            #expect(error.code == .commitOutcomeUnknown)
            proxy.close()
        }
    }
}
