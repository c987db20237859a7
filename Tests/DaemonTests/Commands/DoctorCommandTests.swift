import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

@Suite struct DoctorCommandTests {
    private struct Report: Decodable {
        struct Check: Decodable {
            let check: String
            let state: String
            let message: String
        }

        let healthy: Bool
        let checks: [Check]

        func state(_ check: String) -> String? { checks.first { $0.check == check }?.state }
        func message(_ check: String) -> String { checks.first { $0.check == check }?.message ?? "" }
    }

    private func examine(_ conninfo: String, _ flags: String...) async throws -> (status: Int32, report: Report) {
        let output = try await Executable.hazecast.run(["doctor", "--json", "--database", conninfo] + flags)
        return (
            output.status, try JSONDecoder().decode(Report.self, from: Data(output.standardOutput.utf8))
        )
    }

    @Test func aServiceThatWorksIsHealthy() async throws {
        try await Site.with { site in
            try await site.run("CREATE ROLE hazecast_test_doctor LOGIN IN ROLE hazecast_daemon")
            let conninfo = site.conninfo + " user=hazecast_test_doctor"
            let daemon = try Executable.hazecast.start(["run", "--database", conninfo])
            defer { daemon.signal(SIGKILL) }
            #expect(await daemon.hasWritten(toStandardError: "serving"))
            try await eventually { try await site.text("SELECT count(*) FROM hazecast.daemon") == "1" }
            let (status, report) = try await examine(conninfo)
            #expect(status == 0)
            #expect(report.healthy)
            let names = [
                "configuration", "systemd", "connection", "pooler", "rights", "schema", "model", "partitions", "listen",
                "clock", "daemon",
            ]
            #expect(report.checks.map(\.check) == names)
            #expect(report.checks.filter { $0.check != "systemd" }.allSatisfy { $0.state == "ok" }, "\(report)")

            // A person gets a line each.
            let text = try await Executable.hazecast.run(["doctor", "--database", conninfo])
            #expect(text.standardOutput.split(separator: "\n").count == names.count)
            let quick = try await examine(conninfo, "--quick")
            #expect(
                quick.report.checks.map(\.check)
                    == names.filter { !["systemd", "partitions", "listen", "clock", "daemon"].contains($0) })
            daemon.signal(SIGTERM)
            _ = try await withDeadline(.seconds(10)) { await daemon.end() }
            try await site.run("DROP ROLE hazecast_test_doctor")
        }
    }

    @Test func whatIsWrongIsSaidWithWhatToDo() async throws {
        try await Site.with { site in
            try await site.run(
                "CREATE ROLE hazecast_test_stranger LOGIN; GRANT hazecast_reader TO hazecast_test_stranger")
            var (status, report) = try await examine(site.conninfo + " user=hazecast_test_stranger")
            #expect(status == 1)
            #expect(report.state("rights") == "failure")
            #expect(report.message("rights").contains("GRANT hazecast_daemon TO"))
            #expect(report.state("daemon") == "warning")
            try await site.run("DELETE FROM hazecast.active_model; DROP ROLE hazecast_test_stranger")
            (status, report) = try await examine(site.conninfo)
            #expect(report.state("model") == "failure")
            #expect(report.state("rights") == "warning")
        }
        try await TestDatabase.withDatabase { conninfo in
            let (status, report) = try await examine(conninfo, "--quick")
            #expect(status == 1)
            #expect(report.message("schema").contains("run `hazecast migrate`"))
            #expect(report.checks.last?.check == "schema")
        }
    }

    /// A login that may not even see the schema is told the statement that helps, not that it may not see the schema.
    @Test func rightsComeBeforeTheSchema() async throws {
        try await Site.with { site in
            try await site.run(
                """
                CREATE ROLE hazecast_test_plain LOGIN;
                CREATE ROLE hazecast_test_vault LOGIN NOINHERIT IN ROLE hazecast_daemon
                """)
            var report = try await examine(site.conninfo + " user=hazecast_test_plain").report
            #expect(report.state("rights") == "failure")
            #expect(report.message("rights").hasSuffix("GRANT hazecast_daemon TO hazecast_test_plain"))
            report = try await examine(site.conninfo + " user=hazecast_test_vault").report
            #expect(report.state("rights") == "failure")
            #expect(report.message("rights").contains("ALTER ROLE hazecast_test_vault INHERIT"))
            try await site.run("ALTER ROLE hazecast_test_vault SET role = 'hazecast_daemon'")
            report = try await examine(site.conninfo + " user=hazecast_test_vault").report
            #expect(report.state("rights") == "ok" && report.state("schema") == "ok")
            try await site.run("DROP ROLE hazecast_test_plain, hazecast_test_vault")
        }
    }

    @Test func aRoleThatMayOnlyReadIsSaid() async throws {
        try await Site.with { site in
            try await site.run(
                """
                CREATE ROLE hazecast_test_still LOGIN IN ROLE hazecast_daemon;
                ALTER ROLE hazecast_test_still SET default_transaction_read_only = on
                """)
            let (status, report) = try await examine(site.conninfo + " user=hazecast_test_still")
            #expect(status == 1 && report.state("connection") == "failure")
            #expect(
                report.message("connection").contains(
                    "ALTER ROLE hazecast_test_still RESET default_transaction_read_only"))
            try await site.run("DROP ROLE hazecast_test_still")
        }
    }

    @Test func aDatabaseThatIsAwayFailsUnlessQuick() async throws {
        #expect(try await examine("host=/nowhere").status == 1)
        let (status, report) = try await examine("host=/nowhere", "--quick")
        #expect(status == 0)
        #expect(report.state("connection") == "warning")
    }

    @Test func aConfigurationThatCannotBeUsedIsTheFirstFinding() async throws {
        let output = try await Executable.hazecast.run(["doctor", "--config", "/nowhere.yaml"])
        #expect(output.status == 1)
        #expect(output.standardOutput.hasPrefix("failure  configuration  configuration file /nowhere.yaml"))
    }
}
