import Testing

@testable import Daemon

/// Which files a schema lacks, and which schemas are refused.
struct SchemaPlanTests {
    private static let files = SchemaFile.ordered([
        "tables/01_a.sql": "a", "tables/02_b.sql": "b", "migrations/0001_c.sql": "c", "repeatable/01_d.sql": "d",
        "repeatable/02_e.sql": "e", "repeatable/99_end.sql": "end",
    ])

    /// The record of a schema that all of the files made, but for `changes`: another text, or nil for none.
    private func recorded(_ changes: [String: String?] = [:]) -> [String: String] {
        var texts = Dictionary(uniqueKeysWithValues: Self.files.map { ($0.name, $0.sql) })
        for (name, text) in changes { texts[name] = text }
        return Dictionary(uniqueKeysWithValues: texts.map { ($0, SchemaFile(name: $0, sql: $1).sha256) })
    }

    private func pending(_ recorded: [String: String]) throws -> [String] {
        try SchemaPlan(Self.files, recorded: recorded).pending.map(\.name)
    }

    private func refusal(_ recorded: [String: String]) -> String? {
        do {
            _ = try SchemaPlan(Self.files, recorded: recorded)
            return nil
        } catch {
            return error.code == .schema ? error.description : nil
        }
    }

    @Test func aNewSchemaTakesEveryFile() throws {
        #expect(try pending([:]) == Self.files.map(\.name))
    }

    @Test func aSchemaThatFitsLacksNothing() throws {
        #expect(try pending(recorded()) == [])
    }

    @Test func aChangedRepeatableFileRunsAgainAndTheLastOneAfterIt() throws {
        let last = "repeatable/99_end.sql"
        #expect(try pending(recorded(["repeatable/01_d.sql": "old"])) == ["repeatable/01_d.sql", last])
        #expect(try pending(recorded([last: "old"])) == [last])
    }

    @Test func aMissingMigrationRunsBeforeMissingRepeatableFiles() throws {
        #expect(
            try pending(recorded(["migrations/0001_c.sql": nil, "repeatable/02_e.sql": nil]))
                == ["migrations/0001_c.sql", "repeatable/02_e.sql", "repeatable/99_end.sql"])
    }

    @Test func aFormerNameOfARepeatableFileIsLeftToTheMigrationThatDeletesIt() throws {
        let before = recorded([
            "migrations/0001_c.sql": nil, "repeatable/01_former.sql": "d", "repeatable/01_d.sql": nil,
        ])
        #expect(
            try pending(before) == ["migrations/0001_c.sql", "repeatable/01_d.sql", "repeatable/99_end.sql"])
    }

    @Test(
        arguments: [
            ["tables/02_b.sql": "edited"], ["tables/02_b.sql": nil], ["tables/03_other.sql": "x"],
        ] as [[String: String?]])
    func anotherBaselineIsRefused(changes: [String: String?]) throws {
        let name = try #require(changes.keys.first)
        #expect(
            refusal(recorded(changes))
                == """
                the schema was made by another development version, whose \(name) differs: dump the data, run \
                `hazecast migrate --remove`, then `hazecast migrate`
                """)
    }

    @Test func anEditedMigrationIsRefused() {
        #expect(
            refusal(recorded(["migrations/0001_c.sql": "edited"]))
                == "migrations/0001_c.sql is not the file that was applied here: install the hazecast that applied it")
    }

    @Test(arguments: ["migrations/0002_later.sql", "repeatable/03_later.sql", "elsewhere/01_later.sql"])
    func aNewerSchemaIsRefused(name: String) {
        #expect(
            refusal(recorded([name: "x"]))
                == "the schema has \(name), which this hazecast does not know: install a newer hazecast")
    }
}
