import Forecast
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

/// What the daemon says to the service manager, heard by a socket of ours in systemd's place.
@Suite struct ServiceManagerTests {
    private func withSocket(_ body: (NotifySocket, [String: String]) async throws -> Void) async throws {
        let socket = try NotifySocket()
        defer { socket.close() }
        try await body(socket, ["NOTIFY_SOCKET": socket.path])
    }

    @Test func readyComesWhenItServesAndStoppingAtTheEnd() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            try await withSocket { socket, environment in
                let daemon = try site.daemon(environment: environment)
                defer { daemon.signal(SIGKILL) }
                try await eventually { socket.datagrams.contains { $0.hasPrefix("READY=1") } }
                #expect(try await site.latest("roof")?.origin == noon)
                try await eventually {
                    socket.status == "serving 1 stations with \(try await site.servingModel()), newest origin \(noon)"
                }
                #expect(!socket.datagrams.contains("WATCHDOG=1"))
                try await site.write(roof, noon.advanced(by: 1))
                try await eventually { socket.status.hasSuffix("newest origin \(noon.advanced(by: 1))") }
                daemon.signal(SIGTERM)
                #expect(try await withDeadline(.seconds(10)) { await daemon.end() }.status == 0)
                #expect(socket.datagrams.last { !$0.hasPrefix("STATUS=") } == "STOPPING=1")
            }
        }
    }

    @Test func aDaemonThatWaitsIsReadyAndSaysSinceWhen() async throws {
        try await withSocket { socket, environment in
            let daemon = try Executable.hazecast.start(
                ["run", "--database", "host=/nowhere dbname=air"], environment: environment)
            defer { daemon.signal(SIGKILL) }
            try await eventually { socket.datagrams.contains { $0.hasPrefix("READY=1") } }
            #expect(socket.status.hasPrefix("not serving since 20"))
            #expect(socket.status.contains("/nowhere"))
            daemon.signal(SIGTERM)
            #expect(try await withDeadline(.seconds(10)) { await daemon.end() }.status == 0)
        }
    }

    /// The package restarts the service with the new binary; the schema comes after it.
    @Test func aSchemaThatIsStillToBeMigratedIsWaitedFor() async throws {
        try await TestDatabase.withDatabase { conninfo in
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            let last = try #require(SchemaFile.embedded.last)
            try await Migrator.migrate(connection, to: SchemaFile.embedded.dropLast(), models: [:])
            let demand = "the schema is older than this hazecast, \(last.name) is to be applied: run `hazecast migrate`"
            try await withSocket { socket, environment in
                let daemon = try Executable.hazecast.start(["run", "--database", conninfo], environment: environment)
                defer { daemon.signal(SIGKILL) }
                try await eventually { socket.datagrams.contains { $0.hasPrefix("READY=1") } }
                #expect(socket.status.hasPrefix("not serving since 20") && socket.status.hasSuffix(demand))
                for (flags, state) in [([], "failure"), (["--quick"], "warning")] {
                    let doctor = try await Executable.hazecast.run(["doctor", "--database", conninfo] + flags)
                    #expect(doctor.status == (flags.isEmpty ? 1 : 0))
                    let line = doctor.standardOutput.split(separator: "\n").last ?? ""
                    #expect(line.hasPrefix(state) && line.contains(demand), "\(line)")
                }
                try await Migrator.migrate(connection)
                try await eventually { socket.status.hasPrefix("serving 0 stations") }
                daemon.signal(SIGTERM)
                let output = try await withDeadline(.seconds(10)) { await daemon.end() }
                #expect(output.status == 0)
                #expect(output.standardError.components(separatedBy: demand).count == 2, "\(output.standardError)")
            }
            await connection.close()
        }
    }

    @Test func aStartThatCannotSucceedIsNeverReady() async throws {
        try await TestDatabase.withDatabase { conninfo in
            try await withSocket { socket, environment in
                let output = try await Executable.hazecast.run(
                    ["run", "--database", conninfo], environment: environment)
                #expect(output.status == 1)
                #expect(!socket.datagrams.contains { $0.hasPrefix("READY=1") })
            }
        }
    }

    @Test func aStandbySaysSo() async throws {
        try await Site.with { site in
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            try await withSocket { socket, environment in
                let daemon = try site.daemon(environment: environment)
                defer { daemon.signal(SIGKILL) }
                try await eventually { socket.datagrams.contains { $0.hasPrefix("READY=1") } }
                #expect(socket.status == "standby: another daemon works this database")
                await turns.connection.close()
                try await eventually { socket.status.hasPrefix("serving") }
            }
        }
    }

    @Test func theWatchdogIsFedServingOrWaiting() async throws {
        try await Site.with { site in
            for arguments in [["--database", site.conninfo], ["--database", "host=/nowhere"]] {
                try await withSocket { socket, environment in
                    let daemon = try Executable.hazecast.start(
                        ["run"] + arguments, environment: environment.merging(["WATCHDOG_USEC": "300000"]) { $1 })
                    defer { daemon.signal(SIGKILL) }
                    try await eventually { socket.datagrams.count { $0 == "WATCHDOG=1" } > 5 }
                }
            }
        }
    }

    @Test func progressHasAnAge() async throws {
        let progress = Watchdog.Progress()
        try await eventually { progress.age > .milliseconds(20) }
        progress.made()
        #expect(progress.age < Watchdog.patience)
    }
}
