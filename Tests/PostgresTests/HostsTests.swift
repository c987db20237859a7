import Foundation
import Postgres
import TestSupport
import Testing

/// Several hosts, of which some do not answer, as libpq's PQconnectdb tries them.
struct HostsTests {
    private func port(_ conninfo: String, environment: [String: String] = [:]) async throws -> Int32 {
        let connection = try await Connection.connect(conninfo, applicationName: "test")
        let port = try await connection.query("SELECT current_setting('port')::integer").single()
            .decode(Int32.self, at: 0)
        await connection.close()
        return port
    }

    /// The first accepts and is silent. In processes of their own, because the environment belongs to the whole
    /// process.
    @Test(arguments: ["conninfo", "environment", "service"])
    func aSilentFirstHostIsGivenUpForTheSecond(source: String) async throws {
        let (proxy, open) = try await (Proxy(to: TestServer.shared()), Proxy(to: TestServer.shared()))
        proxy.blackHole()
        let ports = "\(proxy.port),\(open.port)"
        await #expect(processExitsWith: .success) { [source = source as String, ports = ports as String] in
            var conninfo = "dbname=postgres user=postgres connect_timeout=2"
            switch source {
            case "conninfo": conninfo += " host=127.0.0.1,127.0.0.1 port=\(ports)"
            case "environment":
                setenv("PGHOST", "127.0.0.1,127.0.0.1", 1)
                setenv("PGPORT", ports, 1)
            default:
                let file = "/tmp/hazecast-test-\(getpid())-hosts"
                defer { unlink(file) }
                try "[air]\nhost=127.0.0.1,127.0.0.1\nport=\(ports)\nconnect_timeout=2\n"
                    .write(toFile: file, atomically: true, encoding: .utf8)
                setenv("PGSERVICEFILE", file, 1)
                conninfo = "service=air dbname=postgres user=postgres"
                let connection = try await Connection.connect(conninfo, applicationName: "test")
                await connection.close()
                return
            }
            let began = ContinuousClock.now
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            await connection.close()
            guard ContinuousClock.now - began < .seconds(20) else { exit(1) }
        }
        for proxy in [proxy, open] { proxy.close() }
    }

    /// Without `connect_timeout` each host gets its share of the time.
    @Test func allSilentIsATimeOut() async throws {
        let proxies = try await [Proxy(to: TestServer.shared()), Proxy(to: TestServer.shared())]
        for proxy in proxies { proxy.blackHole() }
        let ports = proxies.map { "\($0.port)" }.joined(separator: ",")
        let began = ContinuousClock.now
        let error = try await withDeadline(.seconds(60)) {
            try await failure {
                try await Connection.connect(
                    "host=127.0.0.1,127.0.0.1 port=\(ports)", applicationName: "test", timeout: .seconds(2))
            }
        }
        #expect(error.code == .timedOut && error.recovery == .reconnect)
        #expect(proxies.allSatisfy { error.message.contains("port \($0.port)") }, "\(error)")
        #expect(ContinuousClock.now - began >= .seconds(2))
        for proxy in proxies { proxy.close() }
    }

    @Test func theSessionIsAsTheAttributesWantIt() async throws {
        let writable = try await TestServer.shared()
        try await TestServer.withOwnServer(settings: ["default_transaction_read_only": "on"]) { readOnly in
            let hosts =
                "host=\(readOnly.directory),\(writable.directory) port=\(readOnly.port ?? 0),\(writable.port ?? 0) "
                + "dbname=postgres user=postgres target_session_attrs="
            #expect(try await port(hosts + "any") == Int32(readOnly.port ?? 0))
            #expect(try await port(hosts + "read-write") == Int32(writable.port ?? 0))
            // No standby is there, so that the second round takes whichever comes first.
            #expect(try await port(hosts + "prefer-standby") == Int32(readOnly.port ?? 0))
            let error = try await failure {
                try await Connection.connect(hosts + "standby", applicationName: "test")
            }
            #expect(error.recovery == .reconnect && error.message.contains("hot standby"), "\(error)")
        }
    }

    @Test func aNameIsTriedByItsAddresses() async throws {
        let server = try await TestServer.shared()
        let proxy = try Proxy(to: server)
        #expect(
            try await port("host=absent.invalid,localhost port=\(proxy.port) dbname=postgres user=postgres")
                == Int32(server.port ?? 0))
        let wrong = try await failure {
            try await Connection.connect(
                "host=127.0.0.1,127.0.0.1 port=1,\(proxy.port) dbname=absent user=postgres",
                applicationName: "test")
        }
        #expect(wrong.sqlState == "3D000" && wrong.recovery == .stop)
        proxy.close()
    }

    @Test func encryptionThatCannotBeHadIsAMistake() async throws {
        let server = try await TestServer.shared()
        let error = try await failure {
            try await Connection.connect(
                "host=127.0.0.1 port=\(server.port ?? 0) dbname=postgres user=postgres sslmode=require",
                applicationName: "test")
        }
        #expect(error.code == .misuse && error.recovery == .stop, "\(error)")
    }
}
