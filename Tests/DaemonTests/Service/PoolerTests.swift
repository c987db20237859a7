import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// A real PgBouncer between the daemon and its database.
@Suite struct PoolerTests {
    /// Starts PgBouncer on a unix socket of its own and hands on a connection string through it.
    private func withPooler(
        _ mode: String, to database: String, _ body: (_ conninfo: String) async throws -> Void
    ) async throws {
        let port = try #require((try await TestServer.shared()).port)
        let host = (try await TestServer.shared()).directory
        let folder = URL(filePath: "/tmp/hazecast-pooler-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try """
        [databases]
        * = host=\(host) port=\(port) user=postgres
        [pgbouncer]
        listen_addr =
        listen_port = 6432
        unix_socket_dir = \(folder.path())
        auth_type = any
        pool_mode = \(mode)
        ignore_startup_parameters = extra_float_digits,options
        """.write(to: folder.appending(path: "pgbouncer.ini"), atomically: true, encoding: .utf8)
        // PgBouncer refuses to run as root.
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path())
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        let arguments = [try #require(program), folder.appending(path: "pgbouncer.ini").path()]
        let pooler =
            geteuid() == 0
            ? try Executable(path: "/usr/bin/setpriv").start(
                ["--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=TERM", "--"] + arguments)
            : try Executable(path: arguments[0]).start(Array(arguments.dropFirst()))
        defer { pooler.signal(SIGKILL) }
        let isUp = await pooler.hasWritten(toStandardError: "process up")
        try #require(isUp, "\(pooler.standardError)")
        try await body("host=\(folder.path()) port=6432 dbname=\(database) user=postgres")
    }

    private func name(of conninfo: String) async throws -> String {
        let connection = try await Connection.connect(conninfo, applicationName: "test")
        let name = try await connection.query("SELECT current_database()::text").single().decode(String.self, at: 0)
        await connection.close()
        return name
    }

    @Test(arguments: ["transaction", "statement"])
    func aPoolerThatSharesSessionsIsRefused(mode: String) async throws {
        try await Site.with { site in
            try await withPooler(mode, to: try await name(of: site.conninfo)) { conninfo in
                let output = try await Executable.hazecast.run([
                    "run", "--database", conninfo, "--log-level", "critical",
                ])
                #expect(output.status == 1)
                #expect(output.standardError.contains("a transaction pooler"), "\(output.standardError)")
                #expect(output.standardError.split(separator: "\n").count == 1)
            }
        }
    }

    @Test func aSessionPoolerServes() async throws {
        try await Site.with { site in
            try await withPooler("session", to: try await name(of: site.conninfo)) { conninfo in
                let daemon = try Executable.hazecast.start(["run", "--database", conninfo])
                defer { daemon.signal(SIGKILL) }
                #expect(try await withDeadline(.seconds(20)) { await daemon.hasWritten(toStandardError: "serving") })
            }
        }
    }
}
