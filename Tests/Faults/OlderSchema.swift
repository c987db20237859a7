import Foundation
import Postgres

/// What an older version of the program has left in a database: the baseline and the first repeatable files, one of them
/// with another text, as it has recorded them.
enum OlderSchema {
    private static let directory = "schema"
    /// Its triggers are replaced while readings are written.
    private static let changed = "repeatable/02_feed.sql"

    /// How many repeatable files there are; nil where the repository is not the working directory.
    static var count: Int? { (try? files("repeatable"))?.count }

    static func make(on connection: Connection, repeatable count: Int) async throws {
        try await connection.run(
            script: "BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL client_min_messages = warning")
        for name in try files("tables") + files("migrations") + files("repeatable").prefix(count) {
            var sql = try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
            if name == changed { sql = "-- As an older version had it.\n" + sql }
            try await connection.run(script: sql)
            try await connection.query(
                """
                INSERT INTO hazecast.schema_file (name, sha256)
                VALUES ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'))
                """, [name, sql])
        }
        try await connection.run(script: "COMMIT")
    }

    private static func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(folder)")
            .filter { $0.hasSuffix(".sql") }.sorted().map { "\(folder)/\($0)" }
    }
}
