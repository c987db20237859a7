import Postgres

/// The record of the files that made a schema, `hazecast.schema_file`.
enum SchemaRecord {
    /// Name and SHA-256 of each recorded file; empty when the schema is missing.
    ///
    /// - Throws: `DaemonError.Code.schema` for a schema of the numbered migrations that preceded the baseline.
    static func load(on connection: Connection) async throws -> [String: String] {
        switch try await table(on: connection) {
        case nil: return [:]
        case .migration:
            throw DaemonError(
                .schema,
                """
                the schema was made by a development version, from numbered migrations: dump the data, run \
                `hazecast migrate --remove`, then `hazecast migrate`
                """)
        case .file:
            let rows = try await connection.query("SELECT name, sha256 FROM hazecast.schema_file")
            var recorded: [String: String] = [:]
            for row in rows { recorded[try row.decode(String.self, at: 0)] = try row.decode(String.self, at: 1) }
            return recorded
        }
    }

    /// Whether there is a schema that some version of hazecast made.
    static func exists(on connection: Connection) async throws -> Bool { try await table(on: connection) != nil }

    static func write(_ file: SchemaFile, on connection: Connection) async throws {
        try await connection.query(
            """
            INSERT INTO hazecast.schema_file (name, sha256) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = excluded.applied_at
            """, [file.name, file.sha256])
    }

    private enum Table: String {
        case file = "schema_file"
        /// Of development versions.
        case migration
    }

    private static func table(on connection: Connection) async throws -> Table? {
        let rows = try await connection.query(
            """
            SELECT relname::text FROM pg_catalog.pg_class
            WHERE relname IN ('schema_file', 'migration') AND relnamespace = (
                SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'hazecast')
            ORDER BY relname DESC
            """)
        for row in rows {
            if let table = Table(rawValue: try row.decode(String.self, at: 0)) { return table }
        }
        return nil
    }
}
