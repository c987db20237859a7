import Postgres

/// Puts the models that came with the binary into the registry.
enum ModelSeed {
    /// The model that serves until somebody chooses another.
    private static let defaultModel = "world"

    /// Adds the models that the registry does not have, and makes `world` the default where there is none.
    ///
    /// A model is known by its SHA-256. One whose name is taken by another is added as `name-` and the beginning of its
    /// SHA-256, and serves only when somebody promotes it.
    ///
    /// - Parameter models: file name to document, as in the binary.
    /// - Returns: names of the models added, and of the model that became the default.
    static func plant(
        _ models: [String: String], on connection: Connection
    ) async throws -> (added: [String], defaultModel: String?) {
        var added: [String] = []
        for (_, document) in models.sorted(by: { $0.key < $1.key }) {
            let rows = try await connection.query(
                """
                INSERT INTO hazecast.model (name, document, reason, code_version)
                SELECT
                    CASE WHEN EXISTS (SELECT FROM hazecast.model WHERE name = file.document ->> 'name')
                        THEN concat(document ->> 'name', '-', left(document ->> 'sha256', 8))
                        ELSE document ->> 'name' END,
                    document, concat('came with hazecast ', $2), $2
                FROM (SELECT $1::text::jsonb) AS file (document)
                WHERE NOT EXISTS (SELECT FROM hazecast.model WHERE sha256 = file.document ->> 'sha256')
                RETURNING name
                """, [document, Hazecast.version])
            for row in rows { added.append(try row.decode(String.self, at: 0)) }
        }
        let active = try await connection.query(
            """
            INSERT INTO hazecast.active_model (model_id)
            SELECT id FROM hazecast.model
            WHERE name = $1 AND NOT EXISTS (SELECT FROM hazecast.active_model WHERE station_id IS NULL)
            RETURNING $1
            """, [defaultModel])
        return (added, active.isEmpty ? nil : defaultModel)
    }
}
