import Foundation
import Postgres
import TestSupport
import Testing

/// The server goes away at every point of a connection's life; each time there is an error, and no hang.
@Suite(.serialized) struct ServerDeathTests {
    enum Death: CaseIterable {
        case terminate, killBackend, fast, immediate, killPostmaster

        /// Kills what serves `victim`.
        func strike(_ victim: Int32, on cluster: PrivateCluster, by killer: Connection) async throws {
            switch self {
            case .terminate: try await killer.query("SELECT pg_terminate_backend($1)", [victim])
            case .killBackend:
                kill(victim, SIGKILL)
                // The server ends everybody's session when it notices; the next one must not begin before.
                while (try? await killer.query("SELECT 1")) != nil {}
            case .fast: await cluster.stop(.fast)
            case .immediate: await cluster.stop(.immediate)
            case .killPostmaster: await cluster.stop(.kill)
            }
        }
    }

    @Test func everyDeathAtEveryPointIsAnError() async throws {
        try await withDeadline(.seconds(60)) {
            try await TestServer.withOwnServer { cluster in
                for death in Death.allCases {
                    try await idle(death, cluster)
                    try await query(death, cluster)
                    try await copyIn(death, cluster)
                    try await copyOut(death, cluster)
                    try await listening(death, cluster)
                }
            }
        }
    }

    private func connect(_ cluster: PrivateCluster) async throws -> (victim: Connection, killer: Connection) {
        try await cluster.start()
        let conninfo = cluster.conninfo()
        // A backend that was killed takes the whole server through recovery first.
        while true {
            do throws(PostgresError) {
                let victim = try await Connection.connect(conninfo, applicationName: "victim")
                let killer = try await Connection.connect(conninfo, applicationName: "killer")
                try await killer.query("SELECT 1")
                return (victim, killer)
            } catch {
                guard error.recovery == .reconnect else { throw error }
            }
        }
    }

    private func expectLost(_ error: PostgresError, _ connection: Connection) async throws {
        #expect(error.code == .connectionLost && error.recovery == .reconnect)
        let later = try await failure { try await connection.query("SELECT 1") }
        #expect(later.code == .connectionLost && later.operation == "SELECT 1")
        #expect(await !connection.isUsable)
    }

    private func idle(_ death: Death, _ cluster: PrivateCluster) async throws {
        let (victim, killer) = try await connect(cluster)
        try await death.strike(victim.backendProcessID, on: cluster, by: killer)
        let error = try await failure { while true { try await victim.query("SELECT 1") } }
        try await expectLost(error, victim)
    }

    private func query(_ death: Death, _ cluster: PrivateCluster) async throws {
        let (victim, killer) = try await connect(cluster)
        let process = await victim.backendProcessID
        let task = Task { try await victim.query("SELECT pg_sleep(60), 'victim'") }
        try await untilRuns("'victim'", on: killer)
        try await death.strike(process, on: cluster, by: killer)
        try await expectLost(try await failure { try await task.value }, victim)
    }

    private func copyIn(_ death: Death, _ cluster: PrivateCluster) async throws {
        let (victim, killer) = try await connect(cluster)
        try await victim.run(script: "CREATE TEMP TABLE t (a text)")
        let process = await victim.backendProcessID
        let line = Array(String(repeating: "x", count: 1000).utf8) + [10]
        let task = Task { try await victim.copyIn("COPY t FROM STDIN /* victim */") { line } }
        try await untilRuns("/* victim */", on: killer)
        try await death.strike(process, on: cluster, by: killer)
        try await expectLost(try await failure { try await task.value }, victim)
    }

    private func copyOut(_ death: Death, _ cluster: PrivateCluster) async throws {
        let (victim, killer) = try await connect(cluster)
        let process = await victim.backendProcessID
        let task = Task {
            try await victim.copyOut("COPY (SELECT generate_series(1, 2000000000)) TO STDOUT /* victim */", into: 0) {
                count, _ in count += 1
            }
        }
        try await untilRuns("/* victim */", on: killer)
        try await death.strike(process, on: cluster, by: killer)
        try await expectLost(try await failure { try await task.value }, victim)
    }

    private func listening(_ death: Death, _ cluster: PrivateCluster) async throws {
        let (victim, killer) = try await connect(cluster)
        let notifications = try await victim.listen(to: ["x"])
        try await death.strike(victim.backendProcessID, on: cluster, by: killer)
        let error = try await failure { for try await _ in notifications {} }
        #expect(error.code == .connectionLost && error.recovery == .reconnect)
        await victim.close()
    }
}
