import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// What a user gets who made a mistake: one line that says what to do, and a status that is not zero.
@Suite struct RunRefusalTests {
    private func expectRefusal(_ conninfo: String, saying text: String, status: Int32 = 1) async throws {
        let output = try await Executable.hazecast.run(["run", "--database", conninfo, "--log-level", "critical"])
        #expect(output.status == status)
        #expect(output.standardError.contains(text), "\(output.standardError)")
        #expect(output.standardError.split(separator: "\n").count == 1, "\(output.standardError)")
    }

    @Test func missingSchema() async throws {
        try await TestDatabase.withDatabase { conninfo in
            try await expectRefusal(conninfo, saying: "run `hazecast migrate`")
        }
    }

    @Test func newerSchema() async throws {
        try await Site.with { site in
            try await site.run("INSERT INTO hazecast.schema_file (name, sha256) VALUES ('migrations/9999_x.sql', 'x')")
            try await expectRefusal(site.conninfo, saying: "install a newer hazecast")
        }
    }

    @Test func missingDatabase() async throws {
        let server = try await TestServer.shared()
        try await expectRefusal(server.conninfo(database: "nowhere"), saying: "\"nowhere\" does not exist")
    }

    @Test func damagedModel() async throws {
        try await Site.with { site in
            try await site.run(
                """
                UPDATE hazecast.model SET document = jsonb_set(jsonb_set(
                    document, '{normalisation,output,scale}', '12345'), '{sha256}', to_jsonb(repeat(id::text, 64)))
                """)
            try await expectRefusal(site.conninfo, saying: "model 'world' in hazecast.model cannot be used")
        }
    }

    @Test func noModel() async throws {
        try await Site.with { site in
            try await site.run("DELETE FROM hazecast.active_model")
            try await expectRefusal(site.conninfo, saying: "no default model in hazecast.active_model")
        }
    }

    @Test func wrongPasswordIsNotRepeated() async throws {
        try await Site.with { site in
            try await site.run("CREATE ROLE locked_out LOGIN PASSWORD 'right'")
            let port = try #require((try await TestServer.shared()).port)
            let conninfo = "host=127.0.0.1 port=\(port) dbname=postgres user=locked_out password=wr0ng"
            try await expectRefusal(conninfo, saying: "password authentication failed")
            let output = try await Executable.hazecast.run(["run", "--database", conninfo])
            #expect(!output.standardError.contains("wr0ng"))
            try await site.run("DROP ROLE locked_out")
        }
    }

    @Test func malformedConnectionString() async throws {
        try await expectRefusal("host=a pass word=x", saying: "malformed connection string", status: 78)
    }

    @Test(arguments: [
        "postgresql://hazecast:pa@ss:Geheim9@db/air", "postgresql://hazecast:pa@Geheim/x9@db/air",
        "postgresql://hazecast:Geheim#pa@127.0.0.1:1/air", "postgresql://hazecast:pa?Geheim9@127.0.0.1:1/air",
        "host=127.0.0.1 password=pa Geheim9", "postgresql://hazecast:Geh%zzeim@db/air",
        "postgresql://hazecast:Geheim9/air",
    ])
    func noPartOfAPasswordIsPrinted(conninfo: String) async throws {
        for command in [["run", "--check-config"], ["doctor", "--quick"], ["status"]] {
            let output = try await Executable.hazecast.run(command + ["--database", conninfo])
            let text = output.standardOutput + output.standardError
            #expect(!text.contains("eheim") && !text.contains("zz") && !text.contains("ss:"), "\(text)")
        }
        let daemon = try Executable.hazecast.start(["run", "--database", conninfo])
        defer { daemon.signal(SIGKILL) }
        // Either it is refused, or it waits for a server that is not there.
        try await eventually { daemon.hasEnded || daemon.standardError.contains("retry_in") }
        #expect(!daemon.standardError.contains("eheim"), "\(daemon.standardError)")
    }

    /// TLS that cannot be had comes by no waiting.
    @Test func encryptionThatTheServerDoesNotHave() async throws {
        let server = try await TestServer.shared()
        let conninfo = "host=127.0.0.1 port=\(server.port ?? 0) user=postgres dbname=postgres sslmode=require"
        try await expectRefusal(conninfo, saying: "server does not support SSL, but SSL was required", status: 78)
        let doctor = try await Executable.hazecast.run(["doctor", "--quick", "--database", conninfo])
        #expect(doctor.status == 1 && doctor.standardOutput.contains("failure  connection"), "\(doctor.standardOutput)")
    }

    /// The daemon reaches the second of two hosts, of which the first accepts and says nothing.
    @Test(arguments: ["conninfo", "environment"]) func aSilentFirstHost(source: String) async throws {
        try await Site.with { site in
            let (proxy, open) = try await (Proxy(to: TestServer.shared()), Proxy(to: TestServer.shared()))
            proxy.blackHole()
            defer { for proxy in [proxy, open] { proxy.close() } }
            let ports = "\(proxy.port),\(open.port)"
            let database = try await site.text("current_database()") ?? ""
            let inString = source == "conninfo"
            let daemon = try Executable.hazecast.start(
                [
                    "run", "--database",
                    "dbname=\(database) user=postgres connect_timeout=2 sslmode=disable"
                        + (inString ? " host=127.0.0.1,127.0.0.1 port=\(ports)" : ""),
                ], environment: inString ? [:] : ["PGHOST": "127.0.0.1,127.0.0.1", "PGPORT": ports])
            defer { daemon.signal(SIGKILL) }
            try await withDeadline(.seconds(40)) {
                #expect(await daemon.hasWritten(toStandardError: "serving"), "\(daemon.standardError)")
            }
        }
    }

    @Test func unknownKeyInTheConfiguration() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try "log:\n  level: debug\n  colour: red\n".write(to: file, atomically: true, encoding: .utf8)
        let output = try await Executable.hazecast.run(["run", "--check-config", "--config", file.path()])
        #expect(output.status == 78)
        #expect(output.standardError.contains("line 3: unknown key 'log.colour'"), "\(output.standardError)")
    }

    @Test(arguments: [
        ("database: [a\nlog: b: c\n", ", line 2: not YAML: "), ("log: {level: info\n", ": not YAML: "),
        ("\tdatabase: x\n", ", line 1: not YAML: "), ("database: x\ndatabase: y\n", "the key 'database' comes twice"),
    ])
    func aFileThatIsNotYAMLIsOneLine(text: String, message: String) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try text.write(to: file, atomically: true, encoding: .utf8)
        let output = try await Executable.hazecast.run(["run", "--check-config", "--config", file.path()])
        #expect(output.status == 78)
        #expect(output.standardError.contains(message), "\(output.standardError)")
        #expect(output.standardError.split(separator: "\n").count == 1, "\(output.standardError)")
    }

    @Test func theLaterOfFileEnvironmentAndFlagsWins() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try "database: dbname=from_file password=hidden\nlog: {level: debug}\n".write(
            to: file, atomically: true, encoding: .utf8)
        func check(_ arguments: [String], _ environment: [String: String]) async throws -> [Substring] {
            let output = try await Executable.hazecast.run(
                ["run", "--check-config", "--config", file.path()] + arguments, environment: environment)
            #expect(output.status == 0, "\(output.standardError)")
            return output.standardOutput.split(separator: "\n")
        }
        #expect(
            try await check([], [:]) == [
                "database: dbname=from_file password=***  # \(file.path())", "log.level: debug  # \(file.path())",
                "retrain.every: 7 days  # default", "retrain.memory: 1 GiB  # default",
            ])
        #expect(
            try await check(
                ["--database", "dbname=flag"],
                [
                    "HAZECAST_DATABASE": "dbname=env", "HAZECAST_LOG_LEVEL": "error", "HAZECAST_RETRAIN_EVERY": "off",
                    "HAZECAST_RETRAIN_MEMORY": "512 MiB",
                ]) == [
                    "database: dbname=flag  # command line", "log.level: error  # environment",
                    "retrain.every: off  # environment", "retrain.memory: 512 MiB  # environment",
                ])
    }
}
