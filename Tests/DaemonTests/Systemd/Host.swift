import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// A machine with systemd, PostgreSQL with peer authentication, and Hazecast as its package installs it.
struct Host: Sendable {
    let machine: SystemdMachine
    let port: Int

    /// The one that the tests share.
    static let shared = Task { try await Host() }

    private static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path()
    private static let configuration = "/etc/hazecast/hazecast.yaml"

    private init() async throws {
        let binaries = URL(filePath: Executable.hazecast.path).deletingLastPathComponent().path()
        machine = try await SystemdMachine(visible: [Self.project, binaries])
        port = try TestServer.freePort()
        try await succeed(
            """
            install -m 755 '\(Executable.hazecast.path)' /usr/bin/hazecast
            for name in hazecast.service hazecast@.service; do
                install -m 644 '\(Self.project)/deploy/hazecast.service' /usr/lib/systemd/system/$name
            done
            install -D -m 644 '\(Self.project)/deploy/hazecast.yaml' \(Self.configuration)
            mkdir -p /etc/credstore

            bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
            install -d -o postgres -m 700 /var/lib/air
            runuser -u postgres -- $bin/initdb -D /var/lib/air --no-sync --no-instructions --encoding=UTF8 >/dev/null
            cat >/var/lib/air/pg_hba.conf <<'END'
            local all postgres peer map=admin
            local all all peer
            host all all 127.0.0.1/32 scram-sha-256
            END
            printf 'admin root postgres\\nadmin postgres postgres\\n' >/var/lib/air/pg_ident.conf
            cat >/etc/systemd/system/database.service <<END
            [Service]
            Type=notify
            User=postgres
            RuntimeDirectory=postgresql
            KillMode=mixed
            KillSignal=SIGINT
            ExecStart=$bin/postgres -D /var/lib/air -c port=\(port) -c listen_addresses=127.0.0.1 -c fsync=off \\
                -c unix_socket_directories=/run/postgresql,\(machine.folder)
            END
            chmod 755 \(machine.folder) && chown postgres \(machine.folder)
            systemctl daemon-reload
            systemctl start database
            export PGHOST=/run/postgresql PGPORT=\(port)
            runuser -u postgres -- createdb pristine
            runuser -u postgres -- hazecast migrate --database dbname=pristine --login hazecast
            """)
    }

    /// A connection string of the administrator, from outside of the machine.
    func conninfo(database: String = "hazecast") -> String {
        "host=\(machine.folder) port=\(port) user=postgres dbname=\(database)"
    }

    /// Runs a test with the service stopped, its configuration the shipped one but for the port, and a new database.
    static func with(
        deadline: Duration = .seconds(120), _ body: @Sendable @escaping (Host, Site) async throws -> Void
    ) async throws {
        let host = try await shared.value
        try await host.succeed(
            """
            systemctl start database
            systemctl stop 'hazecast*'; systemctl reset-failed
            rm -rf /etc/systemd/system/hazecast*.service.d /etc/credstore/* /etc/hazecast/hazecast@*
            systemctl daemon-reload
            export PGHOST=/run/postgresql PGPORT=\(host.port)
            runuser -u postgres -- dropdb --if-exists --force hazecast
            runuser -u postgres -- createdb --template pristine hazecast
            """)
        try await host.configure("database: host=/run/postgresql port=\(host.port) dbname=hazecast\n")
        let connection = try await Connection.connect(host.conninfo(), applicationName: "test")
        let site = Site(conninfo: host.conninfo(), connection: connection)
        try await withDeadline(deadline) { try await body(host, site) }
        await connection.close()
        try await host.succeed("systemctl stop 'hazecast*'")
    }

    /// Runs a script.
    func run(_ script: String) async throws -> Executable.Output { try await machine.run(script) }

    /// Runs a script that has to succeed.
    ///
    /// - Returns: what it printed, without the last line end.
    @discardableResult
    func succeed(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let output = try await machine.run("set -eu\n" + script)
        try #require(
            output.status == 0, "\(script)\n\(output.standardOutput)\n\(output.standardError)",
            sourceLocation: sourceLocation)
        return output.standardOutput.trimmingCharacters(in: .newlines)
    }

    /// Writes a configuration file.
    func configure(_ text: String, unit: String = "hazecast") async throws {
        try await succeed("cat >/etc/hazecast/\(unit).yaml <<'END'\n\(text)END")
    }

    /// Changes the unit for a test.
    func override(_ text: String) async throws {
        try await succeed(
            """
            mkdir -p /etc/systemd/system/hazecast.service.d
            printf '[Service]\\n\(text)\\n' >/etc/systemd/system/hazecast.service.d/test.conf
            systemctl daemon-reload
            """)
    }

    /// A property of the unit, such as `StatusText`.
    func property(_ name: String, unit: String = "hazecast") async throws -> String {
        try await succeed("systemctl show \(unit) --property \(name) --value")
    }

    /// What the service has logged since the machine began.
    func journal(unit: String = "hazecast") async throws -> String {
        try await succeed("journalctl --sync; journalctl -u \(unit) --no-pager -o cat")
    }
}
