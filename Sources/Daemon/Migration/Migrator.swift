import Postgres

/// Brings the schema `hazecast` of a database to what this binary knows, and never beyond.
///
/// Each migration is one transaction together with its row in `hazecast.migration`, so that a failure leaves a schema that
/// the next run takes up. An advisory lock lets one run at a time work a database; others wait for it and then find
/// everything done.
enum Migrator {
    /// What a run did, or would do.
    struct Report: Equatable, Encodable {
        /// Number of the last migration that the schema has now.
        var schema: Int32 = 0
        /// Names of the migrations that were applied.
        var applied: [String] = []
        /// Names of the migrations that a dry run left out.
        var pending: [String] = []
        /// Names of the models that were added to the registry.
        var models: [String] = []
        /// The model that became the default, if there was none.
        var defaultModel: String?
        /// The role that may log in as the service, where one was asked for.
        var login: String?
        /// Estimated rows that went with the schema, or would.
        var removed: Int64?
    }

    /// `HazeMigr` in ASCII.
    private static let lock: Int64 = 0x4861_7A65_4D69_6772
    private static let lockPoll = Duration.milliseconds(100)
    /// The first server that knows UNIQUE NULLS NOT DISTINCT.
    private static let oldestServer = 15

    /// Applies what is missing, adds the models that the binary carries, and makes one the default where there is none.
    ///
    /// - Parameters:
    ///   - login: a role to make, a member of hazecast_daemon that may log in; one that exists becomes a member.
    ///   - isDryRun: only looks, without the lock.
    ///   - lockTimeout: how long to wait for another run, and for each lock that a migration needs.
    /// - Throws: `DaemonError.Code.schema` when the schema is newer than this binary, an applied migration is not the one
    ///   that this binary has, the lock was not to be had, or the server is older than PostgreSQL 15; else `PostgresError`.
    @discardableResult
    static func migrate(
        _ connection: Connection, to migrations: [Migration] = Migration.embedded,
        models: [String: String] = EmbeddedResources.models, login: String? = nil, isDryRun: Bool = false,
        lockTimeout: Duration = .seconds(30)
    ) async throws -> Report {
        guard await connection.serverVersion >= oldestServer * 10_000 else {
            throw DaemonError(
                .schema, "the server is older than PostgreSQL \(oldestServer), the oldest that can be used")
        }
        var report = Report()
        if isDryRun {
            report.schema = try await version(of: connection, among: migrations)
            report.pending = migrations.filter { $0.number > report.schema }.map(\.name)
            return report
        }
        try await takeLock(connection, timeout: lockTimeout)
        do {
            report.schema = try await version(of: connection, among: migrations)
            for migration in migrations where migration.number > report.schema {
                try await apply(migration, on: connection, lockTimeout: lockTimeout)
                report.schema = migration.number
                report.applied.append(migration.name)
            }
            try await connection.withTransaction {
                (report.models, report.defaultModel) = try await ModelSeed.plant(models, on: connection)
            }
            if let login {
                try await makeLogin(login, on: connection)
                report.login = login
            }
        } catch {
            await giveLockBack(connection)
            throw error
        }
        await giveLockBack(connection)
        return report
    }

    /// Removes the schema and everything in it. The roles stay: they belong to the cluster.
    ///
    /// - Parameter isDryRun: only looks.
    /// - Throws: `DaemonError.Code.schema` when there is no schema or a daemon works it; else `PostgresError`.
    static func remove(_ connection: Connection, isDryRun: Bool = false) async throws -> Report {
        var report = Report()
        report.schema = try await version(of: connection, among: Migration.embedded)
        guard report.schema > 0 else { throw DaemonError(.schema, "the schema hazecast is missing: nothing to remove") }
        report.removed = try await connection.query(
            """
            SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint
            FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent IN ('hazecast.reading'::regclass, 'hazecast.forecast_ledger'::regclass)
            """
        ).single().decode(Int64.self, at: 0)
        if isDryRun { return report }
        guard try await Leadership.tryToTake(on: connection) else {
            throw DaemonError(.schema, "a daemon works this database: stop it first (systemctl stop hazecast)")
        }
        try await connection.withTransaction {
            try await connection.run(
                script:
                    "SET LOCAL lock_timeout = '30s'; SET LOCAL client_min_messages = warning; DROP SCHEMA hazecast CASCADE",
                timeout: .seconds(3600))
        }
        report.schema = 0
        return report
    }

    /// Verifies that this binary and the schema fit.
    ///
    /// - Throws: `DaemonError.Code.oldSchema` where `migrate` is still to be run or to end, `.schema` otherwise, with what to do,
    ///   unless the schema is exactly what this binary knows.
    static func check(_ connection: Connection) async throws {
        let known = Migration.embedded.last?.number ?? 0
        switch try await version(of: connection, among: Migration.embedded) {
        case known:
            // Models come after the last migration.
            guard try await isAtWork(on: connection) else { return }
            throw DaemonError(.oldSchema, "`hazecast migrate` is at work")
        case 0: throw DaemonError(.schema, "the schema hazecast is missing: run `hazecast migrate`")
        case let version:
            throw DaemonError(
                .oldSchema, "the schema is at \(version), this hazecast needs \(known): run `hazecast migrate`")
        }
    }

    /// Whether some session works on the schema of this database.
    private static func isAtWork(on connection: Connection) async throws(PostgresError) -> Bool {
        try await connection.query(
            """
            SELECT EXISTS (
                SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = $1
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
            """, [lock]
        ).single().decode(Bool.self, at: 0)
    }

    /// Number of the last applied migration; 0 when the schema is missing.
    private static func version(of connection: Connection, among migrations: [Migration]) async throws -> Int32 {
        let exists = try await connection.query(
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_class WHERE relname = 'migration' AND relnamespace = (
                    SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'hazecast'))
            """
        ).single()
        guard try exists.decode(Bool.self, at: 0) else { return 0 }
        let rows = try await connection.query("SELECT number, name, sha256 FROM hazecast.migration ORDER BY number")
        var version: Int32 = 0
        for row in rows {
            version = try row.decode(Int32.self, at: 0)
            guard let migration = migrations.first(where: { $0.number == version }) else { continue }
            if migration.sha256 != (try row.decode(String.self, at: 2)) {
                let name = try row.decode(String.self, at: 1)
                throw DaemonError(
                    .schema,
                    "migration \(name) is not the one that was applied here: install the hazecast that applied it")
            }
        }
        let known = migrations.last?.number ?? 0
        guard version <= known else {
            throw DaemonError(
                .schema, "schema is at \(version), this hazecast knows \(known): install a newer hazecast")
        }
        return version
    }

    /// Takes the lock by trying: whoever waits in `pg_advisory_lock` holds back VACUUM.
    private static func takeLock(_ connection: Connection, timeout: Duration) async throws {
        let deadline = ContinuousClock.now + timeout
        while try await !connection.query("SELECT pg_try_advisory_lock($1)", [lock]).single().decode(Bool.self, at: 0) {
            guard ContinuousClock.now < deadline else {
                throw DaemonError(
                    .schema, "another `hazecast migrate` has been at work for \(timeout): try again later")
            }
            try await Task.sleep(for: lockPoll)
        }
    }

    private static func makeLogin(_ name: String, on connection: Connection) async throws {
        try await connection.query("SELECT set_config('hazecast.login', $1, false)", [name])
        try await connection.run(
            script: """
                DO $$
                DECLARE
                    name constant text := current_setting('hazecast.login');
                BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                        EXECUTE format('CREATE ROLE %I LOGIN', name);
                    END IF;
                    EXECUTE format('GRANT hazecast_daemon TO %I', name);
                END
                $$
                """)
    }

    /// A connection that cannot do even this is closed, which gives the lock back as well.
    private static func giveLockBack(_ connection: Connection) async {
        do {
            try await connection.query("SELECT pg_advisory_unlock($1)", [lock])
        } catch {
            await connection.close()
        }
    }

    private static func apply(_ migration: Migration, on connection: Connection, lockTimeout: Duration) async throws {
        do {
            try await connection.withTransaction {
                try await connection.run(
                    script: """
                        SET LOCAL lock_timeout = '\(lockTimeout.components.seconds)s';
                        SET LOCAL search_path = pg_catalog, pg_temp;
                        SET LOCAL client_min_messages = warning;
                        """)
                try await connection.run(script: migration.sql, timeout: .seconds(3600))
                try await connection.query(
                    "INSERT INTO hazecast.migration (number, name, sha256) VALUES ($1, $2, $3)",
                    [migration.number, migration.name, migration.sha256])
            }
        } catch let error as PostgresError {
            var error = error
            error.operation = "migration \(migration.name)"
            throw error
        }
    }
}
