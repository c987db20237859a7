import Postgres
import TestSupport
import Testing

@testable import Daemon

/// Models that come with the binary.
struct ModelSeedTests {
    private static func models(_ documents: (name: String, digit: String)...) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: documents.map { name, digit in
                ("\(name)\(digit).json", ModelDocument(name: name, sha256: String(repeating: digit, count: 64)).json)
            })
    }

    private func withoutModels(_ body: @escaping @Sendable (MigratedDatabase) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                "DELETE FROM hazecast.active_model; DELETE FROM hazecast.activation; DELETE FROM hazecast.model")
            try await body(database)
        }
    }

    @Test func worldBecomesTheDefault() async throws {
        try await withoutModels { database in
            let models = Self.models(("chapter", "c"), ("world", "a"))
            let first = try await Migrator.migrate(database.owner, models: models)
            #expect(first.models == ["chapter", "world"] && first.defaultModel == "world")
            let second = try await Migrator.migrate(database.owner, models: models)
            #expect(second.models == [] && second.defaultModel == nil)
            let active =
                "SELECT m.name FROM hazecast.active_model JOIN hazecast.model AS m ON m.id = model_id WHERE station_id IS NULL"
            #expect(try await database.column(active) == ["world"])
        }
    }

    @Test func aChosenDefaultStays() async throws {
        try await withoutModels { database in
            try await Migrator.migrate(database.owner, models: Self.models(("other", "b")))
            try await database.run("INSERT INTO hazecast.active_model (model_id) SELECT id FROM hazecast.model")
            let report = try await Migrator.migrate(database.owner, models: Self.models(("world", "a")))
            #expect(report.models == ["world"] && report.defaultModel == nil)
        }
    }

    @Test func anotherModelOfTheSameNameIsAddedUnderAnother() async throws {
        try await withoutModels { database in
            try await Migrator.migrate(database.owner, models: Self.models(("world", "a")))
            let report = try await Migrator.migrate(database.owner, models: Self.models(("world", "b")))
            #expect(report.models == ["world-bbbbbbbb"] && report.defaultModel == nil)
        }
    }

    @Test func anIncompleteDocumentIsRefused() async throws {
        try await withoutModels { database in
            for document in [
                "{}", "{\"format_version\": 1}", ModelDocument(name: "x", sha256: "short").json,
            ] {
                let insert = "INSERT INTO hazecast.model (name, document) VALUES ('x', '\(document)')"
                let state = try await sqlState(of: insert, on: database.owner)
                #expect(state == "23514" || state == "23502", "\(document)")
            }
        }
    }
}
