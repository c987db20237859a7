import Foundation
import Postgres
import TestSupport
import Testing

struct PrivateClusterTests {
    @Test func dataOutlivesEveryWayOfStopping() async throws {
        try await withDeadline(.seconds(60)) {
            try await TestServer.withOwnServer { cluster in
                for (number, mode) in [PrivateCluster.StopMode.fast, .immediate, .kill].enumerated() {
                    let connection = try await Connection.connect(cluster.conninfo(), applicationName: "test")
                    try await connection.run(script: "CREATE TABLE t\(number) ()")
                    await connection.close()
                    try await cluster.restart(mode)
                }
                let connection = try await Connection.connect(cluster.conninfo(), applicationName: "test")
                #expect(try await connection.query("SELECT FROM pg_tables WHERE schemaname = 'public'").count == 3)
                await connection.close()
                var status = stat()
                #expect(stat(cluster.directory, &status) == 0 && status.st_mode & 0o777 == 0o700)
            }
        }
    }

    @Test func aServerDoesNotOutliveItsOwner() async throws {
        try await withDeadline(.seconds(60)) {
            let directory = "/tmp/hazecast-test-\(getpid())-orphan"
            defer { try? FileManager.default.removeItem(atPath: directory) }
            var cluster: PrivateCluster? = try PrivateCluster(directory: directory)
            try await cluster?.start()
            let process = try #require(await cluster?.processID)
            cluster = nil
            while kill(process, 0) == 0, waitpid(process, nil, WNOHANG) == 0 { await Task.yield() }
        }
    }

    @Test func aDirectoryWithOtherThingsInItIsLeftAlone() async throws {
        let directory = "/tmp/hazecast-test-\(getpid())-other"
        try FileManager.default.createDirectory(atPath: directory + "/mine", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try PrivateCluster(directory: directory)
        #expect(try await failure { try await cluster.start() }.code == .misuse)
        #expect(throws: PostgresError.self) {
            try PrivateCluster(directory: "/" + String(repeating: "x", count: 100))
        }
    }
}
