import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// A PostgreSQL with TLS, a certificate for `localhost`, and what the daemon's configuration says of it.
@Suite struct TransportTests {
    /// Authorities and certificates of the test's own.
    private struct Certificates {
        let folder: URL
        var authority: String { path("authority.crt") }
        var stranger: String { path("stranger.crt") }

        private func path(_ name: String) -> String { folder.appending(path: name).path() }

        init() async throws {
            folder = URL(filePath: "/tmp/hazecast-tls-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let output = try await Executable(path: "/bin/sh").run([
                "-euc",
                """
                cd '\(folder.path())'
                key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256'
                for name in authority stranger; do
                    openssl req -x509 $key -keyout $name.key -out $name.crt -days 2 -subj /CN=$name
                done
                openssl req $key -keyout server.key -out server.csr -subj /CN=localhost
                printf 'subjectAltName = DNS:localhost\\n' >names
                openssl x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 2 \\
                    -extfile names -out server.crt
                chmod 600 server.key
                [ "$(id -u)" -ne 0 ] || chown postgres server.key
                """,
            ])
            try #require(output.status == 0, "\(output.standardError)")
        }

        var settings: [String: String] {
            ["ssl": "on", "ssl_cert_file": path("server.crt"), "ssl_key_file": path("server.key")]
        }
    }

    /// Starts the daemon with a configuration file, and hands it on with the administrator's connection.
    private func withDaemon(
        host: String = "localhost", believing authority: KeyPath<Certificates, String>,
        _ body: @escaping @Sendable (RunningProcess, Connection) async throws -> Void
    ) async throws {
        let certificates = try await Certificates()
        defer { try? FileManager.default.removeItem(at: certificates.folder) }
        let authority = certificates[keyPath: authority]
        let password = "r1ght"
        try await TestServer.withOwnServer(settings: certificates.settings) { server in
            let owner = try await Connection.connect(server.conninfo(), applicationName: "test")
            try await Migrator.migrate(owner)
            try await owner.run(script: "CREATE ROLE far LOGIN PASSWORD 'r1ght' IN ROLE hazecast_daemon")
            let file = certificates.folder.appending(path: "hazecast.yaml")
            try """
            database: host=\(host) hostaddr=127.0.0.1 port=\(server.port ?? 0) user=far password=\(password) \
            dbname=postgres sslmode=verify-full sslrootcert=\(authority) ssl_min_protocol_version=TLSv1.3
            """.write(to: file, atomically: true, encoding: .utf8)
            let daemon = try Executable.hazecast.start(["run", "--config", file.path()])
            defer { daemon.signal(SIGKILL) }
            try await withDeadline(.seconds(60)) { try await body(daemon, owner) }
            #expect(!daemon.standardError.contains(password) && !daemon.standardOutput.contains(password))
            await owner.close()
        }
    }

    @Test func theRightNameByTheRightAuthorityIsServedEncrypted() async throws {
        try await withDaemon(believing: \.authority) { daemon, owner in
            #expect(await daemon.hasWritten(toStandardError: "serving"), "\(daemon.standardError)")
            let versions = try await owner.query(
                """
                SELECT DISTINCT ssl.version FROM pg_stat_ssl AS ssl JOIN pg_stat_activity AS activity USING (pid)
                WHERE activity.usename = 'far'
                """
            ).map { try $0.decode(String?.self, at: 0) }
            #expect(versions == ["TLSv1.3"])
        }
    }

    @Test func anotherNameIsRefused() async throws {
        try await withDaemon(host: "elsewhere.invalid", believing: \.authority) { daemon, owner in
            #expect(await daemon.hasWritten(toStandardError: "does not match host name"), "\(daemon.standardError)")
            try await Self.expectNobodyConnected(daemon, owner)
            #expect(await daemon.end().status == 78)
        }
    }

    @Test func anotherAuthorityIsRefused() async throws {
        try await withDaemon(believing: \.stranger) { daemon, owner in
            #expect(await daemon.hasWritten(toStandardError: "certificate verify failed"), "\(daemon.standardError)")
            try await Self.expectNobodyConnected(daemon, owner)
            #expect(await daemon.end().status == 78)
        }
    }

    /// The server knows that somebody came, but no session and no password did.
    private static func expectNobodyConnected(_ daemon: RunningProcess, _ owner: Connection) async throws {
        #expect(!daemon.standardError.contains("serving"))
        let sessions = try await owner.query("SELECT FROM pg_stat_activity WHERE usename = 'far'")
        #expect(sessions.isEmpty)
    }
}
