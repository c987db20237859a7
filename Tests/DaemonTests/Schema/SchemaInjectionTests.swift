import Foundation
import Postgres
import Testing

@testable import Daemon

/// Whatever a name says, it stays a name. Those of attached tables and columns are in `SchemaAttachTests`.
@Suite struct SchemaInjectionTests {
    private static let names = [
        "x'); DROP SCHEMA hazecast CASCADE; --", "a\"; DROP SCHEMA hazecast CASCADE; --", "$1 $$ %I %s %L \\ \\'",
        "☠'\"",
    ]

    @Test(arguments: names) func ofStationsModelsRulesAndLabels(name: String) async throws {
        try await MigratedDatabase.with { database in
            let owner = database.owner
            try await owner.query(
                "INSERT INTO hazecast.station (name, labels) VALUES ($1, jsonb_build_object($1::text, $1::text))",
                [name])
            try await owner.query(
                """
                INSERT INTO hazecast.model (name, document)
                SELECT $1, document || jsonb_build_object('name', $1::text, 'sha256', repeat('0', 64)) FROM hazecast.model WHERE name = 'chapter'
                """, [name])
            try await owner.query("SELECT hazecast.promote($1, $1)", [name])
            try await owner.query("SELECT hazecast.promote('chapter', $1)", [name])
            try await owner.query("SELECT hazecast.rollback($1)", [name])
            try await owner.query("SELECT hazecast.request_retrain($1)", [name])
            try await owner.query(
                "INSERT INTO hazecast.alert_rule (name, labels, level) VALUES ($1, jsonb_build_object($1::text, $1::text), 1)",
                [name])
            for function in ["skill", "exceedance_skill(1, "] {
                let call = function.hasSuffix(" ") ? function : function + "("
                try await owner.query("SELECT * FROM hazecast.\(call)station => $1)", [name])
            }
            let served = try await owner.query(
                """
                SELECT model.name FROM hazecast.active_model JOIN hazecast.model ON model.id = model_id
                JOIN hazecast.station ON station.id = station_id WHERE station.name = $1
                """, [name])
            #expect(try served.single().decode(String.self, at: 0) == name)
            let shown = try await owner.query("SELECT name FROM hazecast.status WHERE name = $1", [name])
            #expect(try shown.single().decode(String.self, at: 0) == name)
            // By its old name as well.
            try await owner.query("UPDATE hazecast.station SET name = 'renamed' WHERE name = $1", [name])
            try await owner.query("SELECT hazecast.promote('chapter', $1)", [name])
        }
    }

    @Test(arguments: names) func ofRoles(name: String) async throws {
        try await MigratedDatabase.with { database in
            let owner = database.owner
            // Roles belong to the server, which other tests use as well.
            let role = "\(name) \(UInt32.random(in: 0...UInt32.max))"
            let quoted = "\"\(role.replacing("\"", with: "\"\""))\""
            try await Migrator.migrate(owner, login: role)
            #expect(
                try await owner.query("SELECT count(*) FROM pg_roles WHERE rolname = $1 AND rolcanlogin", [role])
                    .single()
                    .decode(Int.self, at: 0) == 1)
            try await owner.run(script: "REVOKE hazecast_daemon FROM \(quoted)")
            try await owner.query(
                "SELECT hazecast.restrict_reader($1::text::name, jsonb_build_object($1::text, $1::text))", [role])
            try await owner.query("SELECT hazecast.release_reader($1::text::name)", [role])
            try await owner.run(script: "DROP ROLE \(quoted)")
            #expect(try await owner.query("SELECT * FROM hazecast.reading").isEmpty)
        }
    }
}
