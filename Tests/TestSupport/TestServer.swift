import Foundation
public import Postgres
import Synchronization

/// PostgreSQL servers of the tests' own, under `/tmp`, removed when the process exits.
///
/// Where the process cannot clean up after itself, the kernel still stops the servers, and the next run removes the files.
public enum TestServer {
    /// The server that the tests of one process share, started when first asked for. No test stops it.
    public static func shared() async throws -> PrivateCluster { try await sharedServer.value }

    /// Another server, for tests that stop or kill it or want settings of their own; gone afterwards.
    public static func withOwnServer<Value>(
        settings: [String: String] = [:], _ body: (PrivateCluster) async throws -> Value
    ) async throws -> Value {
        let cluster = try await start(settings)
        do {
            let value = try await body(cluster)
            await cluster.remove()
            return value
        } catch {
            await cluster.remove()
            throw error
        }
    }

    private static let sharedServer = Task { try await start() }
    private static let directories = Mutex<[String]>([])
    private static let prefix = "hazecast-test-"

    /// A server that does not run yet and has a unix socket only. Whoever asks for it also removes it.
    public static func fresh() throws -> PrivateCluster {
        try PrivateCluster(directory: newDirectory(), settings: settings)
    }

    private static let settings = [
        "fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB",
        "max_prepared_transactions": "10",
    ]

    private static func start(_ more: [String: String] = [:]) async throws -> PrivateCluster {
        let cluster = try PrivateCluster(
            directory: newDirectory(), port: try freePort(), settings: settings.merging(more) { $1 })
        try await cluster.start()
        return cluster
    }

    /// `/tmp/hazecast-test-PID-N`, after whatever processes that are no more have left there.
    private static func newDirectory() -> String {
        directories.withLock { directories in
            if directories.isEmpty {
                removeStale()
                atexit { TestServer.removeAll() }
            }
            let directory = "/tmp/\(prefix)\(getpid())-\(directories.count)"
            directories.append(directory)
            return directory
        }
    }

    private static func removeStale() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] where name.hasPrefix(prefix) {
            let owner = name.dropFirst(prefix.count).split(separator: "-").first.flatMap { pid_t($0) }
            if let owner, kill(owner, 0) != 0 { try? FileManager.default.removeItem(atPath: "/tmp/\(name)") }
        }
    }

    private static func removeAll() {
        for directory in directories.withLock({ $0 }) {
            let lines = (try? String(contentsOfFile: directory + "/data/postmaster.pid", encoding: .utf8)) ?? ""
            if let server = lines.split(separator: "\n").first.flatMap({ pid_t($0) }) {
                kill(server, SIGQUIT)
                waitpid(server, nil, 0)
            }
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    /// A TCP port on 127.0.0.1 that nobody had a moment ago.
    public static func freePort() throws -> Int {
        let socket = try LoopbackSocket.listening()
        defer { close(socket.descriptor) }
        return socket.port
    }
}
