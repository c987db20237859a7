import Postgres

/// Brings the schema `hazecast` of a database to what this binary knows, and never beyond.
///
/// The files that are missing or have changed run in one transaction together with their record, so that a failure changes
/// nothing. An advisory lock lets one run at a time work a database; others wait for it and then find everything done.
enum Migrator {
    /// How the schema compares with the files of this binary.
    enum State: String, Encodable {
        case missing = "missing"
        case old = "out of date"
        case current = "up to date"
    }

    /// What a run did, or would do.
    struct Report: Equatable, Encodable {
        /// How the schema is when the run ends.
        var schema = State.missing
        /// Names of the files that were applied.
        var applied: [String] = []
        /// Names of the files that a dry run left out.
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
    ///   - lockTimeout: how long to wait for another run, and for each lock that a file needs.
    /// - Throws: `DaemonError.Code.schema` when the schema is newer than this binary or of another baseline, an applied
    ///   migration is not the one that this binary has, the lock was not to be had, or the server is older than PostgreSQL
    ///   15; else `PostgresError`.
    @discardableResult
    static func migrate(
        _ connection: Connection, to files: [SchemaFile] = SchemaFile.embedded,
        models: [String: String] = EmbeddedResources.models, login: String? = nil, isDryRun: Bool = false,
        lockTimeout: Duration = .seconds(30)
    ) async throws -> Report {
        guard await connection.serverVersion >= oldestServer * 10_000 else {
            throw DaemonError(
                .schema, "the server is older than PostgreSQL \(oldestServer), the oldest that can be used")
        }
        try await checkEncoding(connection)
        try await prepare(connection)
        var report = Report()
        if isDryRun {
            let recorded = try await SchemaRecord.load(on: connection)
            report.pending = try SchemaPlan(files, recorded: recorded).pending.map(\.name)
            report.schema = report.pending.isEmpty ? .current : recorded.isEmpty ? .missing : .old
            return report
        }
        return try await withLock(on: connection, timeout: lockTimeout) {
            let recorded = try await SchemaRecord.load(on: connection)
            let pending = try SchemaPlan(files, recorded: recorded).pending
            if !pending.isEmpty { try await apply(pending, on: connection, lockTimeout: lockTimeout) }
            report.schema = .current
            report.applied = pending.map(\.name)
            try await connection.withTransaction {
                (report.models, report.defaultModel) = try await ModelSeed.plant(models, on: connection)
            }
            if let login {
                try await makeLogin(login, on: connection)
                report.login = login
            }
            return report
        }
    }

    /// Removes the schema and everything in it, whatever version made it. The roles stay: they belong to the cluster.
    ///
    /// A failure may leave a schema without some of its readings and forecasts; the next run removes the rest.
    ///
    /// - Parameter isDryRun: only looks.
    /// - Throws: `DaemonError.Code.schema` when there is no schema, a daemon works it, or a run of `migrate` does; else
    ///   `PostgresError`.
    static func remove(
        _ connection: Connection, isDryRun: Bool = false, lockTimeout: Duration = .seconds(30)
    ) async throws -> Report {
        try await prepare(connection)
        if isDryRun { return try await removable(on: connection) }
        return try await withLock(on: connection, timeout: lockTimeout) {
            var report = try await removable(on: connection)
            guard try await Leadership.tryToTake(on: connection) else {
                throw DaemonError(.schema, "a daemon works this database: stop it first (systemctl stop hazecast)")
            }
            while try await removePartitions(on: connection) {}
            try await AttachedRoles.drop(on: connection)
            try await removeInTransaction("DROP SCHEMA hazecast CASCADE", on: connection)
            report.schema = .missing
            return report
        }
    }

    private static func removable(on connection: Connection) async throws -> Report {
        guard try await SchemaRecord.exists(on: connection) else {
            throw DaemonError(.schema, "the schema hazecast is missing: nothing to remove")
        }
        var report = Report(schema: .current)
        report.removed = try await connection.query(
            """
            SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint
            FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent IN (to_regclass('hazecast.reading'), to_regclass('hazecast.forecast_ledger'))
            """
        ).single().decode(Int64.self, at: 0)
        return report
    }

    /// Drops some partitions: all of them, with their indexes, in one transaction would need thousands of locks.
    ///
    /// - Returns: whether there were any.
    static func removePartitions(on connection: Connection) async throws -> Bool {
        let rows = try await connection.query(
            """
            SELECT inhrelid::regclass::text FROM pg_inherits
            WHERE inhparent IN (to_regclass('hazecast.reading'), to_regclass('hazecast.forecast_ledger'))
            LIMIT 16
            """)
        var names: [String] = []
        for row in rows { names.append(try row.decode(String.self, at: 0)) }
        guard !names.isEmpty else { return false }
        try await removeInTransaction("DROP TABLE \(names.joined(separator: ", ")) CASCADE", on: connection)
        return true
    }

    private static func removeInTransaction(_ statement: String, on connection: Connection) async throws {
        try await connection.withTransaction {
            try await connection.run(
                script: "SET LOCAL lock_timeout = '30s'; SET LOCAL client_min_messages = warning; \(statement)",
                timeout: .seconds(3600))
        }
    }

    /// Verifies that this binary and the schema fit: every file of the binary is recorded, and no other.
    ///
    /// - Throws: `DaemonError.Code.oldSchema` where `migrate` is still to be run or to end, `.schema` otherwise, with what
    ///   to do.
    static func check(_ connection: Connection) async throws {
        try await checkEncoding(connection)
        let recorded = try await SchemaRecord.load(on: connection)
        guard !recorded.isEmpty else {
            throw DaemonError(.schema, "the schema hazecast is missing: run `hazecast migrate`")
        }
        let pending = try SchemaPlan(SchemaFile.embedded, recorded: recorded).pending
        if let first = pending.first {
            throw DaemonError(
                .oldSchema,
                "the schema is older than this hazecast, \(first.name) is to be applied: run `hazecast migrate`")
        }
        // Models come after the last file.
        guard try await isAtWork(on: connection) else { return }
        throw DaemonError(.oldSchema, "`hazecast migrate` is at work")
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

    /// Runs `body` while this session alone works on the schema.
    private static func withLock(
        on connection: Connection, timeout: Duration, _ body: () async throws -> Report
    ) async throws -> Report {
        try await takeLock(connection, timeout: timeout)
        do {
            let report = try await body()
            await giveLockBack(connection)
            return report
        } catch {
            await giveLockBack(connection)
            throw error
        }
    }

    /// Names and units need more than one byte a character, and only in UTF-8 does the server know that each text is
    /// one.
    private static func checkEncoding(_ connection: Connection) async throws {
        let encoding = try await connection.query("SELECT current_setting('server_encoding')").single()
            .decode(String.self, at: 0)
        guard encoding == "UTF8" else {
            throw DaemonError(
                .schema,
                """
                the database's encoding is \(encoding), and Hazecast needs UTF8: CREATE DATABASE … TEMPLATE template0 \
                ENCODING 'UTF8', and migrate that
                """)
        }
    }

    /// Each statement has a deadline of ours, and text that is read as a name must not depend on a setting of the
    /// owner's.
    private static func prepare(_ connection: Connection) async throws {
        try await connection.run(
            script: """
                SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET quote_all_identifiers = off
                """)
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

    private static func apply(
        _ files: [SchemaFile], on connection: Connection, lockTimeout: Duration
    ) async throws {
        try await connection.withTransaction {
            try await connection.run(
                script: """
                    SET LOCAL lock_timeout = '\(lockTimeout.components.seconds)s';
                    SET LOCAL search_path = pg_catalog, pg_temp;
                    SET LOCAL client_min_messages = warning;
                    """)
            for file in files {
                do {
                    try await connection.run(script: file.sql, timeout: .seconds(3600))
                    try await SchemaRecord.write(file, on: connection)
                } catch let error as PostgresError {
                    var error = error
                    error.operation = "schema file \(file.name)"
                    throw error
                }
            }
        }
    }
}
