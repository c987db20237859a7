import Foundation
import Ingest
import Postgres

/// Looks at everything that the service relies on, in the order in which one thing needs the one before.
struct Doctor {
    /// What was found out about one thing.
    struct Finding: Encodable, Equatable {
        enum State: String, Encodable {
            case ok, warning, failure
        }

        let check: String
        let state: State
        /// One line: how it is, and what to do where that is not as it should be.
        let message: String
    }

    /// Whether only what takes no time is looked at, and what the daemon waits for is no failure: a database that is away, a
    /// schema that is still to be migrated.
    let isQuick: Bool
    private(set) var findings: [Finding] = []

    init(isQuick: Bool) { self.isQuick = isQuick }

    /// Whether nothing has failed.
    var isHealthy: Bool { !findings.contains { $0.state == .failure } }

    mutating func examine(_ settings: Settings) async {
        let source = settings.sources[0]
        let database = settings.redactedDatabase.isEmpty ? "libpq's own settings" : settings.redactedDatabase
        add("configuration", .ok, "database from \(source): \(database)")
        if !isQuick { examineSystemd() }
        let connection: Connection
        do throws(PostgresError) {
            connection = try await Connection.connect(
                settings.database, applicationName: "hazecast doctor", timeout: isQuick ? .seconds(3) : .seconds(10))
        } catch {
            let waits = error.recovery == .reconnect
            add(
                "connection", waits && isQuick ? .warning : .failure,
                "\(error)"
                    + (waits ? ": the daemon waits for it" : ": correct `database`, or the server's pg_hba.conf or TLS")
            )
            return
        }
        await attempt("connection") { try await Self.session(connection) }
        await attempt("pooler") {
            try await PoolerProbe.refuse(connection, conninfo: settings.database)
            return .ok("none that shares sessions")
        }
        let mayWait = isQuick
        // First, because a login that has none may not even look whether there is a schema.
        await attempt("rights") { try await Self.rights(connection) }
        await attempt("schema") {
            do {
                try await Migrator.check(connection)
                return .ok("what this hazecast needs")
            } catch let error as DaemonError where error.code == .oldSchema && mayWait {
                return .warning("\(error); the daemon waits for that")
            }
        }
        guard findings.last?.state == .ok else { return await connection.close() }
        await attempt("model") {
            let models = try await ActiveModels.load(on: connection)
            return .ok("\(models.fallback.name) serves")
        }
        if !isQuick {
            await attempt("partitions") { try await Self.partitions(connection) }
            await attempt("listen") { try await Self.listen(connection, settings.database) }
            await attempt("clock") { try await Self.clock(connection) }
            await attempt("daemon") { try await Self.daemons(connection) }
        }
        await connection.close()
    }

    mutating func add(_ check: String, _ state: Finding.State, _ message: String) {
        findings.append(Finding(check: check, state: state, message: message.printable()))
    }

    // MARK: Private

    private enum Verdict {
        case ok(String)
        case warning(String)
        case failure(String)
    }

    /// Adds the verdict; whatever is thrown is a failure.
    private mutating func attempt(_ check: String, _ body: () async throws -> Verdict) async {
        do {
            switch try await body() {
            case .ok(let message): add(check, .ok, message)
            case .warning(let message): add(check, .warning, message)
            case .failure(let message): add(check, .failure, message)
            }
        } catch {
            add(check, .failure, "\(error)")
        }
    }

    /// Who is connected to what, and whether he may write.
    private static func session(_ connection: Connection) async throws -> Verdict {
        let row = try await connection.query(
            """
            SELECT current_setting('server_version'), current_user::text, pg_is_in_recovery(), setting.setting::boolean,
                CASE setting.source
                    WHEN 'user' THEN format('ALTER ROLE %I RESET default_transaction_read_only', session_user)
                    WHEN 'database' THEN
                        format('ALTER DATABASE %I RESET default_transaction_read_only', current_database())
                    WHEN 'database user' THEN format(
                        'ALTER ROLE %I IN DATABASE %I RESET default_transaction_read_only', session_user,
                        current_database())
                    ELSE format('it is set by: %s', setting.source)
                END
            FROM pg_settings AS setting WHERE setting.name = 'default_transaction_read_only'
            """
        ).single()
        let user = try row.decode(String.self, at: 1)
        let message = "PostgreSQL \(try row.decode(String.self, at: 0)), as \(user)"
        if try row.decode(Bool.self, at: 2) {
            return .warning("\(message), but a standby server: the daemon waits until it is promoted")
        }
        if try row.decode(Bool.self, at: 3) {
            let advice = try row.decode(String.self, at: 4)
            return .failure(
                "\(message), but default_transaction_read_only is on, so that the daemon can write nothing: \(advice)")
        }
        return .ok(message)
    }

    private static func rights(_ connection: Connection) async throws -> Verdict {
        let row = try await connection.query(
            """
            SELECT login.rolname::text, login.rolsuper, pg_has_role(current_user, daemon.oid, 'MEMBER'),
                pg_has_role(current_user, daemon.oid, 'USAGE'), quote_ident(login.rolname)
            FROM pg_roles AS login LEFT JOIN pg_roles AS daemon ON daemon.rolname = 'hazecast_daemon'
            WHERE login.rolname = current_user
            """
        ).single()
        let (user, name) = (try row.decode(String.self, at: 0), try row.decode(String.self, at: 4))
        if try row.decode(Bool.self, at: 1) {
            return .warning("\(user) is a superuser: let the service log in as a member of hazecast_daemon instead")
        }
        switch (try row.decode(Bool?.self, at: 2), try row.decode(Bool?.self, at: 3)) {
        case (nil, _): return .warning("there is no role hazecast_daemon: `hazecast migrate` makes it")
        case (true, true): return .ok("\(user) is a member of hazecast_daemon")
        case (true, _):
            return .failure(
                """
                \(user) is a member of hazecast_daemon without its rights: ALTER ROLE \(name) INHERIT and, from \
                PostgreSQL 16 on, GRANT hazecast_daemon TO \(name) WITH INHERIT TRUE
                """)
        default: return .failure("\(user) is no member of hazecast_daemon: GRANT hazecast_daemon TO \(name)")
        }
    }

    private static func partitions(_ connection: Connection) async throws -> Verdict {
        let days = try await connection.query(
            """
            SELECT coalesce(min(days), 0) FROM (
                SELECT extract(day FROM max(substring(pg_get_expr(p.relpartbound, p.oid)
                    FROM $bound$TO \\('(.*)'\\)$bound$)::timestamptz) - now())::integer AS days
                FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhrelid
                WHERE i.inhparent IN ('hazecast.reading'::regclass, 'hazecast.forecast_ledger'::regclass)
                GROUP BY i.inhparent) AS table_end
            """
        ).single().decode(Int32.self, at: 0)
        let message = "made for \(max(days, 0)) days ahead"
        return days > 31
            ? .ok(message)
            : .failure("\(message): a running daemon makes more; or SELECT hazecast.maintain_partitions()")
    }

    private static func listen(_ connection: Connection, _ conninfo: String) async throws -> Verdict {
        let channel = "hazecast_doctor"
        let listener = try await Connection.connect(conninfo, applicationName: "hazecast doctor")
        var notifications = try await listener.listen(to: [channel]).makeAsyncIterator()
        let began = ContinuousClock.now
        let limit = Task {
            try await Task.sleep(for: .seconds(5))
            await listener.close()
        }
        defer { limit.cancel() }
        try await connection.run(script: "NOTIFY \(channel)")
        guard try await notifications.next() != nil else {
            return .failure("a notification did not arrive within 5 s: connect to PostgreSQL itself, not to a pooler")
        }
        let milliseconds = Int(((ContinuousClock.now - began) / .milliseconds(1)).rounded())
        await listener.close()
        return .ok("a notification arrived after \(milliseconds) ms")
    }

    private static func clock(_ connection: Connection) async throws -> Verdict {
        let before = Date.now
        let server = try await connection.query("SELECT extract(epoch FROM clock_timestamp())::double precision")
            .single()
            .decode(Double.self, at: 0)
        let middle = (before.timeIntervalSince1970 + Date.now.timeIntervalSince1970) / 2
        let difference = server - middle
        let message =
            "the database's clock is \(String(format: "%.1f", abs(difference))) s "
            + (difference < 0 ? "behind" : "ahead of") + " this machine's"
        return abs(difference) < 10
            ? .ok(message) : .warning("\(message): forecasts go by the database's; synchronise both (timedatectl)")
    }

    private static func daemons(_ connection: Connection) async throws -> Verdict {
        let rows = try await connection.query(
            "SELECT name, role, version FROM hazecast.status WHERE kind = 'daemon' ORDER BY role, name")
        var names: [String] = []
        var hasActive = false
        for row in rows {
            let role = try row.decode(String.self, at: 1)
            hasActive = hasActive || role == "active"
            names.append("\(try row.decode(String.self, at: 0)) \(role) (\(try row.decode(String.self, at: 2)))")
        }
        let message = names.isEmpty ? "none has worked this database" : names.joined(separator: ", ")
        return hasActive ? .ok(message) : .warning("\(message): systemctl start hazecast")
    }

    private mutating func examineSystemd() {
        guard FileManager.default.fileExists(atPath: "/run/systemd/system") else {
            return add("systemd", .ok, "does not run this machine")
        }
        let names = ["LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "StatusText"]
        guard
            let text = Self.output(of: [
                "systemctl", "show", "hazecast.service", "--property", names.joined(separator: ","),
            ])
        else { return add("systemd", .warning, "systemctl cannot be asked") }
        var unit: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { unit[String(pair[0])] = String(pair[1]) }
        }
        func value(_ name: String) -> String { unit[name] ?? "" }
        let status = value("StatusText").isEmpty ? "" : ": \(value("StatusText"))"
        let message = "hazecast.service is \(value("ActiveState")) (\(value("SubState")))\(status)"
        switch (value("LoadState"), value("ActiveState"), value("UnitFileState")) {
        case ("loaded", "failed", _): add("systemd", .failure, "\(message): journalctl -u hazecast -e")
        case ("loaded", "active", "enabled"), ("loaded", "reloading", "enabled"): add("systemd", .ok, message)
        case ("loaded", "active", _), ("loaded", "reloading", _):
            add("systemd", .warning, "\(message); not started at boot: systemctl enable hazecast")
        case ("loaded", _, _): add("systemd", .warning, "\(message): systemctl enable --now hazecast")
        default: add("systemd", .warning, "there is no hazecast.service here")
        }
    }

    /// What a program prints; nil when it cannot be run or fails.
    private static func output(of command: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }
}
