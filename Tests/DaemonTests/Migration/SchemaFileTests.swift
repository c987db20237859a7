import Foundation
import TestSupport
import Testing

@testable import Daemon

/// The files in `schema/`: short, and each object is defined in one of them.
struct SchemaFileTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../schema")

    private static func text(_ file: SchemaFile) throws -> String {
        try String(contentsOf: folder.appending(path: file.name), encoding: .utf8)
    }

    @Test func theTextIsThatOfTheFiles() throws {
        var names: Set<String> = []
        for kind in SchemaFile.Kind.allCases {
            let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path() + "/\(kind.rawValue)")
            names.formUnion(files.filter { $0.hasSuffix(".sql") }.map { "\(kind.rawValue)/\($0)" })
        }
        #expect(Set(SchemaFile.embedded.map(\.name)) == names && names.count > 30)
        for file in SchemaFile.embedded { #expect(try file.sql == Self.text(file)) }
    }

    @Test func theBaselineRunsFirstAndRepeatableFilesLast() {
        let files = SchemaFile.ordered([
            "repeatable/01_b.sql": "", "migrations/0002_d.sql": "", "tables/02_a.sql": "", "migrations/0001_e.sql": "",
            "tables/01_c.sql": "",
        ])
        #expect(
            files.map(\.name) == [
                "tables/01_c.sql", "tables/02_a.sql", "migrations/0001_e.sql", "migrations/0002_d.sql",
                "repeatable/01_b.sql",
            ])
    }

    @Test func noFileIsLong() throws {
        for file in SchemaFile.embedded {
            let lines = try Self.text(file).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 301, "\(file.name)")
            for (number, line) in lines.enumerated() where line.count > 120 {
                Issue.record("\(file.name):\(number + 1) has \(line.count) characters")
            }
        }
    }

    /// What a text defines, as `KIND name`; triggers with their table.
    static func definitions(in sql: String) -> [String] {
        let definition =
            /^CREATE (?:OR REPLACE )?(?:UNIQUE |CONSTRAINT )?(?<kind>FUNCTION|PROCEDURE|VIEW|MATERIALIZED VIEW|TABLE|TYPE|INDEX) (?:IF NOT EXISTS )?(?<name>[a-z0-9_.]+)/
            .anchorsMatchLineEndings()
        let trigger =
            /^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER (?<name>[a-z0-9_]+)[^;]*? ON (?<table>hazecast\.[a-z0-9_]+)/
            .anchorsMatchLineEndings()
        return sql.matches(of: definition).map { "\($0.kind) \($0.name)" }
            + sql.matches(of: trigger).map { "TRIGGER \($0.name) \($0.table)" }
    }

    @Test func eachObjectIsDefinedOnce() async throws {
        let definitions = SchemaFile.embedded.flatMap { Self.definitions(in: $0.sql) }
        let twice = Dictionary(grouping: definitions, by: \.self).filter { $0.value.count > 1 }.keys.sorted()
        #expect(twice == [])
        // Partitions of years and months are made by a loop, and no constraint's index has a definition of its own.
        try await MigratedDatabase.with { database in
            let objects = try await database.column(
                """
                SELECT CASE WHEN relkind = 'v' THEN 'VIEW ' ELSE 'TABLE ' END || 'hazecast.' || relname FROM pg_class
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v')
                    AND (NOT relispartition OR relname = 'reading_default')
                UNION ALL
                SELECT 'TYPE hazecast.' || relname FROM pg_class
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind = 'c'
                UNION ALL
                SELECT 'INDEX ' || relname FROM pg_class JOIN pg_index ON indexrelid = oid
                WHERE relnamespace = 'hazecast'::regnamespace AND NOT relispartition
                    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_class.oid AND contype IN ('p', 'u'))
                UNION ALL
                SELECT 'FUNCTION hazecast.' || proname FROM pg_proc WHERE pronamespace = 'hazecast'::regnamespace
                UNION ALL
                SELECT 'TRIGGER ' || tgname || ' hazecast.' || relname
                FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
                WHERE relnamespace = 'hazecast'::regnamespace AND NOT tgisinternal AND tgparentid = 0
                """)
            #expect(Set(objects).symmetricDifference(definitions) == [])
        }
    }

    @Test func aSecondDefinitionIsFound() {
        let sql = """
            CREATE UNIQUE INDEX one ON hazecast.x (y);
            CREATE OR REPLACE FUNCTION hazecast.f(a integer) RETURNS integer AS $$
            CREATE OR REPLACE TRIGGER note AFTER INSERT OR UPDATE OF a
                ON hazecast.x FOR EACH ROW EXECUTE FUNCTION hazecast.f();
            CREATE VIEW hazecast.v WITH (security_invoker = true) AS
            """
        #expect(
            Self.definitions(in: sql) == [
                "INDEX one", "FUNCTION hazecast.f", "VIEW hazecast.v", "TRIGGER note hazecast.x",
            ])
    }

    /// What runs again must not need its objects to be missing.
    @Test func repeatableFilesRunAgain() async throws {
        try await MigratedDatabase.with { database in
            let before = try await SchemaDump(database).lines
            for file in SchemaFile.embedded where file.kind == .repeatable { try await database.run(file.sql) }
            #expect(try await SchemaDump(database).lines == before)
        }
    }
}
