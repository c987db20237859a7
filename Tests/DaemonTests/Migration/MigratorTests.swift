import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// `hazecast migrate`: repeatable, one at a time, and never backwards.
struct MigratorTests {
    private static let lock: Int64 = 0x4861_7A65_4D69_6772
    private static let names = SchemaFile.embedded.map(\.name)

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

    @Test func theSecondRunFindsNothingToDo() async throws {
        try await withEmptyDatabase { _, connection in
            let first = try await Migrator.migrate(connection)
            #expect(first.applied == Self.names && first.schema == .current)
            let second = try await Migrator.migrate(connection)
            #expect(second == Migrator.Report(schema: .current))
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

            #expect(try await Migrator.remove(connection, isDryRun: true).schema == .current)
            let other = try await Connection.connect(conninfo, applicationName: "daemon")
            #expect(try await Leadership.tryToTake(on: other))
            #expect(await message { _ = try await Migrator.remove(connection) }.contains("systemctl stop hazecast"))
            await other.close()
            try await eventually { (try? await Migrator.remove(connection).schema) == .missing }
            #expect(await message { _ = try await Migrator.remove(connection) }.contains("nothing to remove"))
            #expect(try await Migrator.migrate(connection).schema == .current)
        }
    }

    /// Refused before anything is there: a name in another encoding would stop the daemon, one day.
    @Test(arguments: ["LATIN1", "SQL_ASCII", "WIN1252"]) func onlyUTF8IsMigrated(encoding: String) async throws {
        let server = try await TestServer.shared()
        let admin = try await Connection.connect(server.conninfo(), applicationName: "test")
        let name = "encoded_\(encoding.lowercased())"
        try await admin.run(
            script: "CREATE DATABASE \(name) TEMPLATE template0 ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C'")
        let conninfo = server.conninfo(database: name)
        for command in ["migrate", "run"] {
            let output = try await Executable.hazecast.run([command, "--database", conninfo])
            #expect(output.status == 1)
            #expect(
                output.standardError.contains(
                    "Error: the database's encoding is \(encoding), and Hazecast needs UTF8"),
                "\(output.standardError)")
        }
        let connection = try await Connection.connect(conninfo, applicationName: "test")
        #expect(try await !exists("hazecast.station", connection))
        await connection.close()
        try await admin.run(script: "DROP DATABASE \(name)")
        await admin.close()
    }

    @Test func theOwnersTimeoutsDoNotCount() async throws {
        try await withEmptyDatabase { conninfo, connection in
            let name = try await connection.query("SELECT current_database()::text").single().decode(String.self, at: 0)
            try await connection.run(script: "ALTER DATABASE \(name) SET statement_timeout = '20ms'")
            for arguments in [[], ["--remove"]] {
                let output = try await Executable.hazecast.run(["migrate", "--database", conninfo] + arguments)
                #expect(output.status == 0, "\(output.standardError)")
            }
        }
    }

    /// `hazecast import` sorts its rows in one.
    @Test func writersMayMakeTemporaryTablesWherePublicMayNot() async throws {
        try await withEmptyDatabase { conninfo, connection in
            let name = try await connection.query("SELECT current_database()::text").single().decode(String.self, at: 0)
            try await connection.run(script: "REVOKE TEMPORARY ON DATABASE \(name) FROM PUBLIC")
            try await Migrator.migrate(connection)
            let may = try await connection.query(
                "SELECT has_database_privilege('hazecast_writer', current_database(), 'TEMPORARY')")
            #expect(try may.single().decode(Bool.self, at: 0))
            _ = try await Migrator.remove(connection)
            try await connection.run(
                script: """
                    REVOKE TEMPORARY ON DATABASE \(name) FROM hazecast_writer;
                    CREATE ROLE hazecast_test_owner LOGIN CREATEROLE;
                    GRANT CREATE ON DATABASE \(name) TO hazecast_test_owner
                    """)
            let refused = try await Executable.hazecast.run(
                ["migrate", "--database", conninfo + " user=hazecast_test_owner"])
            #expect(
                refused.standardError.contains(
                    "GRANT TEMPORARY ON DATABASE \(name) TO hazecast_test_owner WITH GRANT OPTION"),
                "\(refused.standardError)")
            #expect(try await !exists("hazecast.station", connection))
            try await connection.run(script: "DROP OWNED BY hazecast_test_owner; DROP ROLE hazecast_test_owner")
        }
    }

    /// A transaction that takes back everything at once would need some two thousand locks.
    @Test func removalGetsByWithTheLocksOfASmallServer() async throws {
        try await withEmptyDatabase { conninfo, connection in
            try await Migrator.migrate(connection)
            while try await Migrator.removePartitions(on: connection) {}
            try await connection.run(
                script: "BEGIN; SET LOCAL client_min_messages = error; DROP SCHEMA hazecast CASCADE")
            let locks = try await connection.query("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()")
            #expect(try locks.single().decode(Int64.self, at: 0) < 1000)
            try await connection.run(script: "ROLLBACK")
        }
    }

    @Test func aDryRunChangesNothing() async throws {
        try await withEmptyDatabase { _, connection in
            let report = try await Migrator.migrate(connection, isDryRun: true)
            #expect(report.pending == Self.names && report.applied == [] && report.schema == .missing)
            #expect(try await !exists("hazecast.schema_file", connection))
        }
    }

    @Test func twoAtOnceApplyEverythingOnce() async throws {
        try await withEmptyDatabase { conninfo, connection in
            let other = try await Connection.connect(conninfo, applicationName: "test")
            async let first = Migrator.migrate(connection)
            async let second = Migrator.migrate(other)
            let applied = try await [first, second].flatMap(\.applied)
            #expect(applied == Self.names)
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
                #expect(applied == names.map { _ in Self.names.count })
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
                #expect(try await !exists("hazecast.schema_file", connection))
                try await admin.run(
                    script: "CREATE ROLE hazecast_daemon; CREATE ROLE hazecast_writer; CREATE ROLE hazecast_reader")
                let later = await message { try await Migrator.migrate(connection) }
                #expect(
                    later.contains("as a superuser: CREATE ROLE hazecast_operator; CREATE ROLE hazecast_tenant (SQL"))
                try await admin.run(script: "CREATE ROLE hazecast_operator; CREATE ROLE hazecast_tenant")
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
            #expect(try await !exists("hazecast.schema_file", connection))
            await other.close()
        }
    }

    @Test func aFailureChangesNothingAndGivesTheLockBack() async throws {
        try await withEmptyDatabase { conninfo, connection in
            let broken = SchemaFile(name: "repeatable/99_broken.sql", sql: "CREATE TABLE hazecast.x (); SELECT 1 / 0;")
            let failure = await message {
                try await Migrator.migrate(connection, to: SchemaFile.embedded + [broken], models: [:])
            }
            #expect(failure.hasPrefix("schema file repeatable/99_broken.sql: ") && failure.contains("22012"))
            #expect(try await !exists("hazecast.schema_file", connection))
            let other = try await Connection.connect(conninfo, applicationName: "test")
            let free = try await other.query("SELECT pg_try_advisory_lock($1)", [Self.lock]).single()
            #expect(try free.decode(Bool.self, at: 0))
            await other.close()
            let report = try await Migrator.migrate(connection)
            #expect(report.applied == Self.names)
        }
    }

    /// The files of a later version: a table gains a column, a function changes, and a view appears that readers may see.
    private static let later: [SchemaFile] = {
        var files = Dictionary(uniqueKeysWithValues: SchemaFile.embedded.map { ($0.name, $0.sql) })
        files["migrations/0001_altitude.sql"] = """
            ALTER TABLE hazecast.station ADD COLUMN altitude real;
            COMMENT ON COLUMN hazecast.station.altitude IS 'Metres above sea level.';
            """
        files["repeatable/02_feed.sql", default: ""] +=
            "COMMENT ON FUNCTION hazecast.refresh() IS 'Of a later version.';"
        files["repeatable/50_altitude.sql"] = """
            CREATE OR REPLACE VIEW hazecast.altitude AS SELECT name, altitude FROM hazecast.station;
            GRANT SELECT ON hazecast.altitude TO hazecast_reader;
            """
        return SchemaFile.ordered(files)
    }()

    @Test func aLaterVersionAppliesWhatIsNewOrChanged() async throws {
        let expected = [
            "migrations/0001_altitude.sql", "repeatable/02_feed.sql", "repeatable/50_altitude.sql",
            "repeatable/99_finish.sql",
        ]
        try await MigratedDatabase.with { database in
            let station = "INSERT INTO hazecast.station (name) VALUES ('kept')"
            try await database.run(station)
            let dry = try await Migrator.migrate(database.owner, to: Self.later, isDryRun: true)
            #expect(dry.pending == expected && dry.schema == .old)
            let report = try await Migrator.migrate(database.owner, to: Self.later)
            #expect(report.applied == expected && report.schema == .current)
            let sees = try await database.value(
                """
                SELECT has_table_privilege('hazecast_tenant', 'hazecast.altitude', 'SELECT')
                    AND obj_description('hazecast.refresh()'::regprocedure) = 'Of a later version.'
                """, as: Bool.self)
            #expect(sees)
            #expect(try await database.column("SELECT name FROM hazecast.altitude WHERE altitude IS NULL") == ["kept"])
            #expect(try await Migrator.migrate(database.owner, to: Self.later).applied == [])
            let refusal = await message { try await Migrator.migrate(database.owner) }
            #expect(refusal.hasPrefix("the schema has migrations/0001_altitude.sql, which this hazecast does not know"))
        }
    }

    @Test func aNewDatabaseOfALaterVersionIsTheSame() async throws {
        try await withEmptyDatabase { conninfo, connection in
            #expect(try await Migrator.migrate(connection, to: Self.later).applied == Self.later.map(\.name))
            let new = try await SchemaDump(MigratedDatabase(conninfo: conninfo, owner: connection)).lines
            try await MigratedDatabase.with { database in
                try await Migrator.migrate(database.owner, to: Self.later)
                #expect(try await SchemaDump(database).lines == new)
            }
        }
    }

    @Test func anotherBaselineIsRefused() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                "UPDATE hazecast.schema_file SET sha256 = 'x' WHERE name = 'tables/03_readings.sql'")
            for refusal in await [
                message { try await Migrator.migrate(database.owner) },
                message { try await Migrator.check(database.owner) },
            ] {
                #expect(refusal.contains("by another development version, whose tables/03_readings.sql differs"))
            }
        }
    }

    /// Development versions applied 23 numbered migrations.
    @Test func aSchemaOfNumberedMigrationsIsRefusedAndRemoved() async throws {
        try await withEmptyDatabase { conninfo, connection in
            try await connection.run(
                script: """
                    CREATE SCHEMA hazecast;
                    CREATE TABLE hazecast.migration (number integer PRIMARY KEY, name text, sha256 text);
                    INSERT INTO hazecast.migration (number, name, sha256) VALUES (1, '0001_stations.sql', 'x');
                    CREATE TABLE hazecast.reading (observed_at timestamptz) PARTITION BY RANGE (observed_at);
                    CREATE TABLE hazecast.reading_default PARTITION OF hazecast.reading DEFAULT;
                    """)
            let expected = """
                the schema was made by a development version, from numbered migrations: dump the data, run \
                `hazecast migrate --remove`, then `hazecast migrate`
                """
            for refusal in await [
                message { try await Migrator.migrate(connection) },
                message { try await Migrator.migrate(connection, isDryRun: true) },
                message { try await Migrator.check(connection) },
            ] {
                #expect(refusal == expected)
            }
            for command in ["run", "doctor"] {
                let output = try await Executable.hazecast.run([command, "--database", conninfo])
                #expect(output.status == 1)
                #expect((output.standardOutput + output.standardError).contains(expected))
            }
            #expect(try await Migrator.remove(connection).schema == .missing)
            #expect(try await Migrator.migrate(connection).schema == .current)
        }
    }

    @Test func removalWaitsForAMigrationOnlySoLong() async throws {
        try await MigratedDatabase.with { database in
            let other = try await Connection.connect(database.conninfo, applicationName: "test")
            try await other.query("SELECT pg_advisory_lock($1)", [Self.lock])
            let refusal = await message {
                _ = try await Migrator.remove(database.owner, lockTimeout: .milliseconds(150))
            }
            #expect(refusal.contains("another `hazecast migrate`"))
            #expect(try await exists("hazecast.reading_default", database.owner))
            await other.close()
        }
    }

    @Test func aNewerSchemaIsLeftAlone() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                "INSERT INTO hazecast.schema_file (name, sha256) VALUES ('migrations/0099_later.sql', 'x')")
            let expected =
                "the schema has migrations/0099_later.sql, which this hazecast does not know: install a newer hazecast"
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
        for change in ["DELETE FROM hazecast.schema_file", "UPDATE hazecast.schema_file SET sha256 = 'x'"] {
            try await MigratedDatabase.with { database in
                try await database.run("\(change) WHERE name = 'repeatable/12_status.sql'")
                let refusal = await #expect(throws: DaemonError.self) { try await Migrator.check(database.owner) }
                #expect(
                    refusal?.code == .oldSchema
                        && refusal?.description
                            == """
                            the schema is older than this hazecast, repeatable/12_status.sql is to be applied: \
                            run `hazecast migrate`
                            """
                )
                try await Migrator.migrate(database.owner)
                try await Migrator.check(database.owner)
            }
        }
    }

    /// Between the last file and the first model there is nothing to forecast with.
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
