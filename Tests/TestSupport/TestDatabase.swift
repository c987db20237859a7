import Foundation
import Postgres
import Synchronization

/// What test databases are copies of: made once per process, by the first test that needs it.
public struct DatabaseTemplate: Sendable {
    /// Part of the template database's name.
    public let name: String
    /// Fills an empty database, given a connection string of it.
    public let setUp: @Sendable (_ conninfo: String) async throws -> Void

    /// A template that `setUp` fills, given a connection string of the empty database. It must leave no connection open.
    public init(_ name: String, setUp: @escaping @Sendable (_ conninfo: String) async throws -> Void) {
        self.name = name
        self.setUp = setUp
    }

    /// Nothing but what PostgreSQL itself puts into a database.
    public static let empty = Self("empty") { _ in }

    /// The schema as the files in `schema/` make it.
    public static let schema = Self("schema") { conninfo in
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../schema")
        let files = try ["tables", "migrations", "repeatable"].flatMap { folder in
            try FileManager.default
                .contentsOfDirectory(at: root.appending(path: folder), includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "sql" }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        }
        let connection = try await Connection.connect(conninfo, applicationName: "template")
        for file in files { try await connection.run(script: try String(contentsOf: file, encoding: .utf8)) }
        await connection.close()
    }

    /// A template that a script fills.
    public static func script(_ name: String, _ sql: String) -> Self {
        Self(name) { conninfo in
            let connection = try await Connection.connect(conninfo, applicationName: "template")
            try await connection.run(script: sql)
            await connection.close()
        }
    }
}

/// A fresh database for each test.
public enum TestDatabase {
    /// Runs `body` with a connection string of a database of its own, which is dropped afterwards.
    public static func withDatabase<Value>(
        _ template: DatabaseTemplate = .empty, _ body: (_ conninfo: String) async throws -> Value
    ) async throws -> Value {
        let name = try await taken(template)
        // In a task of its own, because the test's may have been cancelled, and while the next test runs.
        defer { Task { try await administer("DROP DATABASE \(name) WITH (FORCE)") } }
        return try await body(try await TestServer.shared().conninfo(database: name))
    }

    private static let counter = Atomic<Int>(0)
    private static let templates = Mutex<[String: Task<String, any Error>]>([:])
    private static let spares = Mutex<[String: Task<String, any Error>]>([:])

    /// A copy of a template, made while the test before ran; the next one is begun.
    private static func taken(_ template: DatabaseTemplate) async throws -> String {
        let source = try await prepared(template)
        let ready = spares.withLock { spares in
            let ready = spares[template.name] ?? Task { try await copy(of: source) }
            spares[template.name] = Task {
                _ = await ready.result
                return try await copy(of: source)
            }
            return ready
        }
        return try await ready.value
    }

    private static func copy(of source: String) async throws -> String {
        let name = "test_\(counter.add(1, ordering: .relaxed).newValue)"
        // Copies files; the default writes every page into the log, which takes twice as long.
        try await administer("CREATE DATABASE \(name) TEMPLATE \(source) STRATEGY file_copy")
        return name
    }

    /// The name of the template database, made by whoever comes first.
    private static func prepared(_ template: DatabaseTemplate) async throws -> String {
        let task = templates.withLock { templates in
            if let task = templates[template.name] { return task }
            let task = Task {
                let name = "template_\(template.name)"
                try await administer("CREATE DATABASE \(name) TEMPLATE template0")
                try await template.setUp(TestServer.shared().conninfo(database: name))
                // Nobody may be connected to a database that is copied, not even autovacuum.
                try await administer("ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS false")
                return name
            }
            templates[template.name] = task
            return task
        }
        return try await task.value
    }

    private static func administer(_ sql: String) async throws {
        let connection = try await Connection.connect(
            try await TestServer.shared().conninfo(), applicationName: "test databases")
        try await connection.run(script: sql)
        await connection.close()
    }
}
