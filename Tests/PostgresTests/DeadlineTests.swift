import Postgres
import TestSupport
import Testing

struct DeadlineTests {
    @Test func aStatementPastItsDeadlineIsStoppedAndTheConnectionGoesOn() async throws {
        try await withConnection { connection in
            let error = try await failure {
                try await connection.query("SELECT pg_sleep(60)", timeout: .milliseconds(50))
            }
            #expect(error.code == .timedOut && error.sqlState == "57014" && error.recovery == .retry)
            #expect(try await connection.query("SELECT 1").count == 1)
        }
    }

    @Test func aCancelledTaskStopsItsStatement() async throws {
        try await withConnection { connection in
            let conninfo = try await TestServer.shared().conninfo()
            let observer = try await Connection.connect(conninfo, applicationName: "observer")
            let task = Task { try await connection.query("SELECT pg_sleep(60), 'cancelled'") }
            try await untilRuns("'cancelled'", on: observer)
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.code == .cancelled && error.sqlState == "57014")
            #expect(try await connection.query("SELECT 1").count == 1)

            let running = Task { try await connection.query("SELECT pg_sleep(60), 'stopped'") }
            try await untilRuns("'stopped'", on: observer)
            connection.cancelRunning()
            #expect(try await failure { try await running.value }.code == .cancelled)
            #expect(try await connection.query("SELECT 1").count == 1)
            await observer.close()
        }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a integer)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await connection.query("INSERT INTO t VALUES (1)")
            }
            let error = try await failure { try await task.value }
            #expect(error.code == .cancelled && error.recovery == .retry)
            #expect(try await connection.query("SELECT FROM t").isEmpty)
        }
    }

    @Test func aCancellationHitsNoOtherCall() async throws {
        try await withConnection { connection in
            for _ in 0..<200 {
                let task = Task { try await connection.query("SELECT pg_sleep(0.001)") }
                let bystander = Task { try await connection.query("SELECT 1") }
                task.cancel()
                let answer = try await bystander.value
                #expect(answer.count == 1)
                _ = await task.result
            }
            #expect(await connection.isUsable)
        }
    }

    @Test func aRequestToStopThatComesLateHitsNoOtherCall() async throws {
        try await withDeadline(.seconds(60)) {
            let proxy = try await Proxy(to: TestServer.shared())
            let connection = try await Connection.connect(
                proxy.conninfo(database: "postgres"), applicationName: "test")
            // The request travels on a connection of its own and arrives after the answer.
            proxy.delay(.milliseconds(400))
            let answer = try await connection.query("SELECT pg_sleep(0.2)", timeout: .milliseconds(100))
            #expect(answer.count == 1)
            #expect(try await connection.query("SELECT pg_sleep(0.4)").count == 1)
            proxy.close()
        }
    }

    @Test func aBlackHoleIsNoticedWithinDeadlineAndGrace() async throws {
        try await withDeadline(.seconds(60)) {
            let proxy = try await Proxy(to: TestServer.shared())
            let connection = try await Connection.connect(
                proxy.conninfo(database: "postgres"), applicationName: "test")
            _ = try await connection.query("SELECT 1")
            proxy.blackHole()
            let start = ContinuousClock.now
            let error = try await failure {
                try await connection.query("SELECT 1", timeout: .milliseconds(200))
            }
            // 200 ms, the grace of 2 s, and room for a slow machine.
            #expect(ContinuousClock.now - start < .seconds(5).patient)
            #expect(error.code == .timedOut && error.sqlState == nil && error.recovery == .reconnect)
            let later = try await failure { try await connection.query("SELECT 1") }
            #expect(later.code == .connectionLost && later.recovery == .reconnect)
            #expect(await !connection.isUsable)

            let connecting = try await failure {
                try await Connection.connect(
                    proxy.conninfo(database: "postgres"), applicationName: "test", timeout: .milliseconds(200))
            }
            #expect(connecting.code == .timedOut && connecting.recovery == .reconnect)
            proxy.close()
        }
    }

    @Test func aSlowNetworkChangesNothingButTheTime() async throws {
        try await withDeadline(.seconds(60)) {
            let proxy = try await Proxy(to: TestServer.shared())
            proxy.delay(.milliseconds(20))
            let connection = try await Connection.connect(
                proxy.conninfo(database: "postgres"), applicationName: "test")
            let bytes = [UInt8](repeating: 7, count: 3_000_000)
            #expect(try await connection.query("SELECT $1", [bytes]).single().decode([UInt8].self, at: 0) == bytes)
            proxy.close()
        }
    }
}
