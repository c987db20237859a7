import Foundation
import Postgres
import TestSupport
import Testing

struct LeakTests {
    /// Threads of this process by that name: other tests run at the same time, so a count of all would say nothing.
    private static func threads(named name: String) -> Int {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.count { task in
            (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)) == name + "\n"
        }
    }

    @Test func connectionsLeaveNoThreadAndNoSessionBehind() async throws {
        try await withDeadline(.seconds(60)) {
            let conninfo = try await TestServer.shared().conninfo()
            for _ in 0..<50 {
                let connection = try await Connection.connect(conninfo, applicationName: "leak")
                _ = try? await connection.query("SELECT 1/0")
                await connection.close()
                _ = try await Connection.connect(conninfo, applicationName: "leak")
                _ = try? await Connection.connect(conninfo + " dbname=absent", applicationName: "leak")
                _ = try await Connection.connect(conninfo, applicationName: "leak").listen(to: ["x"])
            }
            // Threads and sessions end shortly after their owner; the deadline bounds the wait.
            while Self.threads(named: "pg leak") > 0 { await Task.yield() }
            let observer = try await Connection.connect(conninfo, applicationName: "observer")
            let sql = "SELECT FROM pg_stat_activity WHERE application_name = 'leak'"
            while try await !observer.query(sql).isEmpty {}
            await observer.close()
        }
    }
}
