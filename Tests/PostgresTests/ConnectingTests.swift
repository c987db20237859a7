import Foundation
import Postgres
import TestSupport
import Testing

struct ConnectingTests {
    private func failure(_ conninfo: String) async throws -> PostgresError {
        try await withDeadline(.seconds(60)) {
            try await PostgresTests.failure {
                try await Connection.connect(conninfo, applicationName: "test", timeout: .seconds(3))
            }
        }
    }

    @Test func aSessionSpeaksUTCAndUTF8UnderItsName() async throws {
        try await withDeadline(.seconds(60)) {
            let conninfo = try await TestServer.shared().conninfo()
            let connection = try await Connection.connect(
                conninfo + " options='-c TimeZone=Asia/Shanghai -c work_mem=7MB' client_encoding=LATIN1",
                applicationName: "fallback")
            let row = try await connection.query(
                """
                SELECT current_setting('TimeZone'), current_setting('client_encoding'),
                    current_setting('work_mem'), current_setting('application_name')
                """
            ).single()
            let settings = try (0..<4).map { try row.decode(String.self, at: $0) }
            #expect(settings == ["UTC", "UTF8", "7MB", "fallback"])
            #expect(await connection.serverVersion >= 130_000)
            await connection.close()
            let named = try await Connection.connect(
                conninfo + " application_name=mine", applicationName: "fallback")
            let name = try await named.query("SELECT current_setting('application_name')").single()
            #expect(try name.decode(String.self, at: 0) == "mine")
            await named.close()
        }
    }

    @Test func aWrongPasswordGetsOneLineWithoutIt() async throws {
        let server = try await TestServer.shared()
        let port = try #require(server.port)
        let setup = try await Connection.connect(server.conninfo(), applicationName: "test")
        try await setup.run(script: "CREATE ROLE guarded LOGIN PASSWORD 'right'")
        await setup.close()
        let address = "host=127.0.0.1 port=\(port) user=guarded dbname=postgres"
        let error = try await failure(address + " password=hunter2")
        #expect(error.code == .connectionFailed && error.sqlState == "28P01" && error.recovery == .stop)
        #expect(!error.description.contains("hunter2") && !error.description.contains("\n"))
        #expect(
            error.message == "connection to server at \"127.0.0.1\", port \(port) failed: "
                + "FATAL: password authentication failed for user \"guarded\"")
        let missing = try await failure(address + " passfile=/nonexistent")
        #expect(missing.sqlState == "28P01" && missing.recovery == .stop)
        let right = try await Connection.connect(address + " password=right", applicationName: "test")
        #expect(await right.isUsable)
        await right.close()
    }

    @Test func unknownDatabasesAndRolesSaySo() async throws {
        let server = try await TestServer.shared()
        let database = try await failure(server.conninfo(database: "it's\\absent"))
        #expect(database.sqlState == "3D000" && database.recovery == .stop)
        #expect(database.message.contains("it's\\absent"))
        #expect(try await failure(server.conninfo() + " user=nobody").sqlState == "28000")
    }

    @Test func nobodyThereMeansReconnect() async throws {
        for conninfo in [
            "host=/nonexistent user=a password=hunter2", "host=127.0.0.1 port=1 user=a password=hunter2",
            "host=absent.invalid user=a password=hunter2",
        ] {
            let error = try await failure(conninfo)
            #expect(error.code == .connectionFailed && error.recovery == .reconnect)
            #expect(!error.description.contains("hunter2"))
        }
    }

    @Test(arguments: [
        "host=x password=hunter2 extra", "password='hunter2", "passwrod=hunter2", "password hunter2 =", "hunter2 = = =",
        "postgresql://user:hunter2%zz@host/db", "postgresql://user:p@hunter2@host/db", "host=x sslmode=hunter2\0",
        "postgresql://user:x@host:hunter2:5432/db?hunter2", "host=x port=1 hunter2",
    ])
    func aMalformedStringIsNotRepeated(conninfo: String) async throws {
        let error = try await failure(conninfo)
        #expect(error.code == .misuse && error.recovery == .stop)
        #expect(!error.description.contains("hunter2"))
    }

    /// In a process of its own, because the environment belongs to the whole process.
    @Test func serviceFilesWork() async throws {
        let server = try await TestServer.shared()
        let (directory, port) = (server.directory, server.port ?? 5432)
        await #expect(processExitsWith: .success) { [directory = directory as String, port = port as Int] in
            let file = "/tmp/hazecast-test-\(getpid())-service"
            defer { unlink(file) }
            try "[here]\nhost=\(directory)\nport=\(port)\nuser=postgres\ndbname=postgres\n"
                .write(toFile: file, atomically: true, encoding: .utf8)
            setenv("PGSERVICEFILE", file, 1)
            let connection = try await Connection.connect("service=here", applicationName: "test")
            await connection.close()
            do {
                _ = try await Connection.connect("service=absent", applicationName: "test")
                exit(1)
            } catch let error as PostgresError {
                guard error.code == .misuse, error.message.contains("absent") else { exit(1) }
            }
        }
    }

    @Test func aDeadFirstHostLeavesTheSecond() async throws {
        let server = try await TestServer.shared()
        let port = server.port ?? 5432
        let connection = try await Connection.connect(
            "host=/nonexistent,\(server.directory) port=\(port),\(port) user=postgres dbname=postgres",
            applicationName: "test")
        #expect(await connection.isUsable)
        await connection.close()
    }

    @Test func aClosedConnectionRefusesEveryCall() async throws {
        try await withConnection { connection in
            await connection.close()
            await connection.close()
            let query = try await PostgresTests.failure { try await connection.query("SELECT 1") }
            #expect(query.code == .misuse)
            let script = try await PostgresTests.failure { try await connection.run(script: "SELECT 1") }
            #expect(script.code == .misuse)
            #expect(await connection.backendProcessID == 0)
            #expect(await connection.serverVersion == 0)
            #expect(await !connection.isUsable)
        }
    }

    @Test func cancellingWhileConnectingReturnsAtOnce() async throws {
        try await withDeadline(.seconds(60)) {
            let proxy = try await Proxy(to: TestServer.shared())
            proxy.blackHole()
            let task = Task {
                try await Connection.connect(
                    proxy.conninfo(database: "postgres"), applicationName: "test", timeout: .seconds(60))
            }
            task.cancel()
            #expect(try await PostgresTests.failure { try await task.value }.code == .cancelled)
            proxy.close()
        }
    }
}
