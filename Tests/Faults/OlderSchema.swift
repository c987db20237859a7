import Foundation
import Postgres

/// What an older version of the program has left in a database: the first migrations, as it has recorded them.
enum OlderSchema {
    private static let directory = "migrations"

    /// How many migrations there are; nil where the repository is not the working directory.
    static var count: Int? {
        let files = try? FileManager.default.contentsOfDirectory(atPath: directory)
        return files.map { $0.count { $0.hasSuffix(".sql") } }
    }

    static func make(on connection: Connection, migrations count: Int) async throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".sql") }
        for (number, name) in files.sorted().prefix(count).enumerated() {
            let sql = try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
            try await connection.run(
                script: """
                    BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL client_min_messages = warning;
                    \(sql); COMMIT
                    """)
            try await connection.query(
                """
                INSERT INTO hazecast.migration (number, name, sha256)
                VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))
                """, [Int32(number + 1), name, sql])
        }
    }
}
