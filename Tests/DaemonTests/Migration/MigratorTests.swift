import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// `hazecast migrate`: repeatable, one at a time, and never backwards.
struct MigratorTests {
    private static let lock: Int64 = 0x4861_7A65_4D69_6772
    private static let last = Migration.embedded.last?.number

    private func withEmptyDatabase(
        _ body: @escaping @Sendable (_ conninfo: String, Connection) async throws -> Void
    ) async throws {
        try await TestDatabase.withDatabase { conninfo in
            try await withDeadline(.seconds(60)) {
                let connection = try await Connection.connect(conninfo, applicationName: "test")
                try await body(conninfo, connection)
                await connection.close()
            }
        }
    }

    private func message(of body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func exists(_ table: String, _ connection: Connection) async throws -> Bool {
        try await connection.query("SELECT to_regclass($1) IS NOT NULL", [table]).single().decode(Bool.self, at: 0)
    }

    @Test func theTextIsThatOfTheFiles() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../migrations")
        #expect(Migration.embedded.count >= 8)
        for migration in Migration.embedded {
            let text = try String(contentsOf: folder.appending(path: migration.name), encoding: .utf8)
            #expect(migration.sql == text)
        }
    }

    @Test func theSecondRunFindsNothingToDo() async throws {
        try await withEmptyDatabase { _, connection in
            let first = try await Migrator.migrate(connection)
            #expect(first.applied == Migration.embedded.map(\.name) && first.schema == Self.last)
            let second = try await Migrator.migrate(connection)
            #expect(second == Migrator.Report(schema: first.schema))
            try await Migrator.check(connection)
        }
    }

    @Test func aLoginIsMadeOnceAndTheSchemaGoesOnlyWhenNobodyWorksIt() async throws {
        try await withEmptyDatabase { conninfo, connection in
            for _ in 1...2 {
                #expect(try await Migrator.migrate(connection, login: "hazecast test \"login\"").login != nil)
            }
            let login = try await connection.query(
                """
                SELECT rolcanlogin AND NOT rolsuper AND pg_has_role(rolname, 'hazecast_daemon', 'USAGE')
                FROM pg_roles WHERE rolname = 'hazecast test "login"'
                """)
            #expect(try login.single().decode(Bool.self, at: 0))
            try await connection.run(script: #"DROP ROLE "hazecast test ""login""""#)

            #expect(try await Migrator.remove(connection, isDryRun: true).schema == Self.last)
            let other = try await Connection.connect(conninfo, applicationName: "daemon")
            #expect(try await Leadership.tryToTake(on: other))
            #expect(await message { _ = try await Migrator.remove(connection) }.contains("systemctl stop hazecast"))
            await other.close()
            try await eventually { (try? await Migrator.remove(connection).schema) == 0 }
            #expect(await message { _ = try await Migrator.remove(connection) }.contains("nothing to remove"))
            #expect(try await Migrator.migrate(connection).schema == Self.last ?? 0)
        }
    }

    @Test func aDryRunChangesNothing() async throws {
        try await withEmptyDatabase { _, connection in
            let report = try await Migrator.migrate(connection, isDryRun: true)
            #expect(report.pending == Migration.embedded.map(\.name) && report.applied == [])
            #expect(try await !exists("hazecast.migration", connection))
        }
    }

    @Test func twoAtOnceApplyEverythingOnce() async throws {
        try await withEmptyDatabase { conninfo, connection in
            let other = try await Connection.connect(conninfo, applicationName: "test")
            async let first = Migrator.migrate(connection)
            async let second = Migrator.migrate(other)
            let applied = try await [first, second].flatMap(\.applied)
            #expect(applied == Migration.embedded.map(\.name))
            await other.close()
        }
    }

    @Test func twoDatabasesOfANewClusterMigrateAtOnce() async throws {
        try await withDeadline(.seconds(120)) {
            try await TestServer.withOwnServer { server in
                let admin = try await Connection.connect(server.conninfo(), applicationName: "test")
                let names = (0..<4).map { "db\($0)" }
                for name in names { try await admin.run(script: "CREATE DATABASE \(name)") }
                let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                    for name in names {
                        group.addTask {
                            let connection = try await Connection.connect(
                                server.conninfo(database: name), applicationName: "test")
                            defer { Task { await connection.close() } }
                            return try await Migrator.migrate(connection).applied.count
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(applied == names.map { _ in Migration.embedded.count })
                await admin.close()
            }
        }
    }

    @Test func aUserWhoMayNotCreateRolesIsToldWhatToDo() async throws {
        try await withDeadline(.seconds(120)) {
            try await TestServer.withOwnServer { server in
                let admin = try await Connection.connect(server.conninfo(), applicationName: "test")
                try await admin.run(script: "CREATE ROLE limited")
                try await admin.run(script: "CREATE DATABASE air OWNER limited")
                let connection = try await Connection.connect(server.conninfo(database: "air"), applicationName: "test")
                try await connection.run(script: "SET SESSION AUTHORIZATION limited")
                let refusal = await message { try await Migrator.migrate(connection) }
                #expect(refusal.contains("\"limited\" may not create it; as a superuser: CREATE ROLE hazecast_daemon;"))
                #expect(try await !exists("hazecast.migration", connection))
                try await admin.run(
                    script: "CREATE ROLE hazecast_daemon; CREATE ROLE hazecast_writer; CREATE ROLE hazecast_reader")
                for role in ["hazecast_operator", "hazecast_tenant"] {
                    let later = await message { try await Migrator.migrate(connection) }
                    #expect(later.contains("as a superuser: CREATE ROLE \(role)"))
                    try await admin.run(script: "CREATE ROLE \(role)")
                }
                try await Migrator.migrate(connection)
                try await connection.run(script: "SELECT hazecast.maintain_partitions()")
                await connection.close()
                await admin.close()
            }
        }
    }

    @Test func whoeverIsAtWorkIsWaitedForOnlySoLong() async throws {
        try await withEmptyDatabase { conninfo, connection in
            let other = try await Connection.connect(conninfo, applicationName: "test")
            try await other.query("SELECT pg_advisory_lock($1)", [Self.lock])
            let refusal = await message { try await Migrator.migrate(connection, lockTimeout: .milliseconds(150)) }
            #expect(refusal.contains("another `hazecast migrate`"))
            #expect(try await !exists("hazecast.migration", connection))
            await other.close()
        }
    }

    @Test func aFailureUndoesItsMigrationOnlyAndGivesTheLockBack() async throws {
        try await withEmptyDatabase { conninfo, connection in
            let first = Migration.embedded[0]
            let broken = Migration(number: 2, name: "0002_broken.sql", sql: "CREATE TABLE hazecast.x (); SELECT 1 / 0;")
            let failure = await message { try await Migrator.migrate(connection, to: [first, broken], models: [:]) }
            #expect(failure.hasPrefix("migration 0002_broken.sql: ") && failure.contains("22012"))
            #expect(try await !exists("hazecast.x", connection))
            let other = try await Connection.connect(conninfo, applicationName: "test")
            let free = try await other.query("SELECT pg_try_advisory_lock($1)", [Self.lock]).single()
            #expect(try free.decode(Bool.self, at: 0))
            await other.close()
            let report = try await Migrator.migrate(connection)
            #expect(report.applied == Migration.embedded.dropFirst().map(\.name))
        }
    }

    @Test func aChangedMigrationIsNamed() async throws {
        try await MigratedDatabase.with { database in
            try await database.run("UPDATE hazecast.migration SET sha256 = 'x' WHERE number = 3")
            for refusal in await [
                message { try await Migrator.migrate(database.owner) },
                message { try await Migrator.check(database.owner) },
            ] {
                #expect(refusal.hasPrefix("migration 0003_feed.sql is not the one that was applied here"))
            }
        }
    }

    @Test func aNewerSchemaIsLeftAlone() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                "INSERT INTO hazecast.migration (number, name, sha256) VALUES (99, '0099_later.sql', 'x')")
            let expected = "schema is at 99, this hazecast knows \(Self.last ?? 0): install a newer hazecast"
            #expect(await message { try await Migrator.migrate(database.owner) } == expected)
            #expect(await message { try await Migrator.check(database.owner) } == expected)
        }
    }

    @Test func aMissingOrOlderSchemaIsToBeMigrated() async throws {
        try await withEmptyDatabase { _, connection in
            #expect(
                await message { try await Migrator.check(connection) }
                    == "the schema hazecast is missing: run `hazecast migrate`")
        }
        try await MigratedDatabase.with { database in
            try await database.run("DELETE FROM hazecast.migration WHERE number = \(Self.last ?? 0)")
            let refusal = await message { try await Migrator.check(database.owner) }
            #expect(refusal.hasSuffix("this hazecast needs \(Self.last ?? 0): run `hazecast migrate`"))
        }
    }

    /// Between the last migration and the first model there is nothing to forecast with.
    @Test func aSchemaThatIsBeingMigratedIsNotReadyYet() async throws {
        try await MigratedDatabase.with { database in
            let other = try await Connection.connect(database.conninfo, applicationName: "test")
            try await other.query("SELECT pg_advisory_lock($1)", [Self.lock])
            let refusal = await #expect(throws: DaemonError.self) { try await Migrator.check(database.owner) }
            #expect(refusal?.code == .oldSchema && "\(refusal!)" == "`hazecast migrate` is at work")
            await other.close()
        }
    }
}
