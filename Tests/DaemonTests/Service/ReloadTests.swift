import Forecast
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// SIGHUP, and `hazecast reload` that sends it and waits.
@Suite struct ReloadTests {
    /// A daemon that serves, with a configuration file and a runtime directory of its own.
    private struct Running {
        let site: Site
        let socket: NotifySocket
        let folder: URL
        let daemon: RunningProcess

        func configure(_ text: String) throws {
            try text.write(to: folder.appending(path: "hazecast.yaml"), atomically: true, encoding: .utf8)
        }

        func reload() async throws -> Executable.Output {
            try await Executable.hazecast.run(["reload", "--pid", "\(daemon.id)", "--directory", folder.path()])
        }
    }

    private func withDaemon(_ body: (Running) async throws -> Void) async throws {
        try await Site.with { site in
            let socket = try NotifySocket()
            let folder = URL(filePath: "/tmp/hazecast-reload-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer {
                socket.close()
                try? FileManager.default.removeItem(at: folder)
            }
            let file = folder.appending(path: "hazecast.yaml")
            try "database: \"\(site.conninfo)\"\n".write(to: file, atomically: true, encoding: .utf8)
            let daemon = try Executable.hazecast.start(
                ["run", "--config", file.path()],
                environment: ["NOTIFY_SOCKET": socket.path, "RUNTIME_DIRECTORY": folder.path()])
            defer { daemon.signal(SIGKILL) }
            try await eventually { socket.datagrams.contains { $0.hasPrefix("READY=1") } }
            try await body(Running(site: site, socket: socket, folder: folder, daemon: daemon))
        }
    }

    @Test func reloadingComesFirstAndReadyAlways() async throws {
        try await withDaemon { running in
            for text in [nil, "colour: red\n"] {
                if let text { try running.configure(text) }
                let before = running.socket.datagrams.count
                running.daemon.signal(SIGHUP)
                try await eventually { running.socket.datagrams.dropFirst(before).contains { $0.hasPrefix("READY=1") } }
                // The training run of the reload before may say how it is getting on.
                let first = running.socket.datagrams.dropFirst(before).first { !$0.hasPrefix("STATUS=") }
                let lines = try #require(first).split(separator: "\n")
                #expect(lines.first == "RELOADING=1")
                let stamp = try #require(lines.last?.split(separator: "=").last.flatMap { UInt64($0) })
                #expect(stamp <= ServiceManager.monotonicMicroseconds())
                #expect(stamp > ServiceManager.monotonicMicroseconds() - 60_000_000)
            }
        }
    }

    @Test func aNewLogLevelTakesEffect() async throws {
        try await withDaemon { running in
            try running.configure("database: \"\(running.site.conninfo)\"\nlog: {level: error}\n")
            let output = try await running.reload()
            #expect(output.status == 0, "\(output.standardError)")
            #expect(output.standardOutput.hasPrefix("configuration reloaded"))
            #expect(!running.daemon.standardError.contains("configuration reloaded"))
        }
    }

    @Test func aBrokenConfigurationFailsSaysWhereAndChangesNothing() async throws {
        try await withDaemon { running in
            try running.configure("database: \"\(running.site.conninfo)\"\ncolour: red\n")
            let output = try await running.reload()
            #expect(output.status == 1)
            #expect(output.standardError.contains("line 2: unknown key 'colour'"), "\(output.standardError)")
            try await eventually { running.socket.status.contains("; reload at 20") }
            #expect(running.socket.status.hasPrefix("serving"))

            try running.configure("database: \"\(running.site.conninfo)\"\n")
            #expect(try await running.reload().status == 0)
            try await eventually { !running.socket.status.contains("reload") }
        }
    }

    @Test func anotherDatabaseIsServedFromThenOn() async throws {
        try await withDaemon { running in
            try await Site.with { other in
                try running.configure("database: \"\(other.conninfo)\"\n")
                #expect(try await running.reload().status == 0)
                let roof = try await other.addStation("roof")
                try await other.write(roof, Site.noon.advanced(by: -29)...Site.noon)
                try await eventually { try await other.latest("roof")?.origin == Site.noon }
                try await eventually { try await running.site.text("SELECT count(*) FROM hazecast.daemon") == "0" }
            }
        }
    }

    @Test func aDaemonThatDoesNotAnswerIsReported() async throws {
        try await withDaemon { running in
            running.daemon.signal(SIGSTOP)
            let output = try await Executable.hazecast.run([
                "reload", "--pid", "\(running.daemon.id)", "--directory", running.folder.path(), "--timeout", "1",
            ])
            #expect(output.status == 1)
            #expect(output.standardError.contains("not answered within 1 s"))
        }
        let output = try await Executable.hazecast.run(["reload"])
        #expect(output.status == 1)
        #expect(output.standardError.contains("systemctl reload hazecast"))
    }
}
