import Foundation
import TestSupport
import Testing

/// The whole schema, word for word and documented.
struct SchemaGoldenTests {
    private static let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../Golden/schema.sql")

    /// `HAZECAST_UPDATE_GOLDEN=1` writes the file anew instead. Each version of PostgreSQL writes a schema its own way; the file is
    /// of 15.
    @Test func theSchemaIsTheGoldenOne() async throws {
        try await MigratedDatabase.with { database in
            let version = "SELECT current_setting('server_version_num')::integer / 10000"
            guard try await database.value(version, as: Int32.self) == 15 else { return }
            let lines = try await SchemaDump(database).lines
            if ProcessInfo.processInfo.environment["HAZECAST_UPDATE_GOLDEN"] == "1" {
                try (lines.joined(separator: "\n") + "\n").write(to: Self.golden, atomically: true, encoding: .utf8)
            }
            let expected = try String(contentsOf: Self.golden, encoding: .utf8).split(separator: "\n").map(String.init)
            let changes = lines.difference(from: expected).map { change in
                switch change {
                case .insert(_, let line, _): "+ \(line)"
                case .remove(_, let line, _): "- \(line)"
                }
            }
            #expect(changes == [], "renew Golden/schema.sql with HAZECAST_UPDATE_GOLDEN=1 if this is meant")
        }
    }

    @Test func everythingIsDocumented() async throws {
        try await MigratedDatabase.with { database in
            let silent = try await database.column(
                """
                SELECT relname::text AS name FROM pg_class
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v')
                    AND (NOT relispartition OR relname = 'reading_default') AND obj_description(oid, 'pg_class') IS NULL
                UNION ALL
                SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v', 'c') AND NOT relispartition
                    AND attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL
                UNION ALL
                SELECT proname::text FROM pg_proc
                WHERE pronamespace = 'hazecast'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
                UNION ALL
                SELECT proname || ', ' || name FROM pg_proc, unnest(proargnames, proargmodes) AS argument (name, mode)
                WHERE pronamespace = 'hazecast'::regnamespace AND mode = 't'
                    AND obj_description(oid, 'pg_proc') !~ ('\\m' || name || '\\M')
                UNION ALL
                SELECT typname::text FROM pg_type JOIN pg_class ON pg_class.oid = typrelid
                WHERE typnamespace = 'hazecast'::regnamespace AND relkind = 'c' AND obj_description(pg_type.oid, 'pg_type') IS NULL
                UNION ALL
                SELECT tgname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
                WHERE relnamespace = 'hazecast'::regnamespace AND NOT tgisinternal AND tgparentid = 0
                    AND obj_description(pg_trigger.oid, 'pg_trigger') IS NULL
                UNION ALL
                SELECT rolname::text FROM pg_roles
                WHERE rolname LIKE 'hazecast\\_%' AND shobj_description(oid, 'pg_authid') IS NULL
                UNION ALL
                SELECT 'hazecast' WHERE obj_description('hazecast'::regnamespace, 'pg_namespace') IS NULL
                """)
            #expect(silent == [])
        }
    }
}
