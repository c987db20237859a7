import Foundation
import Glibc
import Postgres
import TestSupport

/// What others do in the same database.
extension World {
    /// Neighbours take every connection that the server has to give, but for those of superusers.
    func crowd() async throws -> @Sendable () async throws -> Void {
        let first = await neighbours(until: .now)
        proxy.cut()
        // The daemon leaves its two, and waits before it asks for others.
        let crowd = first + (await neighbours(until: .now + .milliseconds(100)))
        return { for neighbour in crowd { await neighbour.close() } }
    }

    /// As many as there is room for, and whoever finds room before a time.
    private func neighbours(until deadline: ContinuousClock.Instant) async -> [Connection] {
        let conninfo = cluster.conninfo(database: Self.database) + " user=hazecast"
        var neighbours: [Connection] = []
        while true {
            if let neighbour = try? await Connection.connect(conninfo, applicationName: "neighbour") {
                neighbours.append(neighbour)
            } else if ContinuousClock.now >= deadline {
                return neighbours
            }
        }
    }

    func lock(_ variant: Int) async throws -> @Sendable () async throws -> Void {
        let tables = ["forecast_ledger", "arrival", "reading", "daemon", "station", "active_model"]
        let holder = try await Connection.connect(
            cluster.conninfo(database: Self.database), applicationName: "faults lock")
        try await holder.run(
            script: "BEGIN; LOCK TABLE hazecast.\(tables[variant % tables.count]) IN ACCESS EXCLUSIVE MODE")
        return { await holder.close() }
    }

    /// A connection of somebody else's, who holds what the daemon will want.
    private func neighbour(_ script: String) async throws -> Connection {
        let neighbour = try await Connection.connect(
            cluster.conninfo(database: Self.database), applicationName: "neighbour")
        // The server ends whoever looks first, and that is not to be the neighbour.
        try await neighbour.run(script: "SET deadlock_timeout = '20s'; SET lock_timeout = '5s'; BEGIN; \(script)")
        return neighbour
    }

    /// Whether the daemon waits for a lock, asked until it does.
    private func daemonWaits(within limit: Duration) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let waiting = try await writer.text(
                """
                EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'hazecast' AND wait_event_type = 'Lock')
                """)
            if waiting == "true" { return true }
            try await Task.sleep(for: .milliseconds(2))
        }
        return false
    }

    /// Two transactions that wait for each other: the daemon's has claimed and wants to write, ours the other way round.
    func deadlock() async throws -> @Sendable () async throws -> Void {
        let neighbour = try await neighbour("LOCK TABLE hazecast.forecast_ledger IN SHARE MODE")
        let meeting = Task {
            if try await daemonWaits(within: .seconds(3)) {
                _ = try? await neighbour.run(script: "LOCK TABLE hazecast.arrival IN SHARE MODE")
            }
            await neighbour.close()
        }
        return { try await meeting.value }
    }

    /// The role's transactions are serializable, and somebody changes the row that one of them is about to change: a daemon
    /// that starts clears away the rows of those that are no more.
    func conflict() async throws -> @Sendable () async throws -> Void {
        let writer = writer
        try await writer.run(
            """
            ALTER ROLE hazecast SET default_transaction_isolation = 'serializable';
            INSERT INTO hazecast.daemon (instance, host, pid, version, role, started_at, heartbeat)
            SELECT gen_random_uuid(), 'gone', 1, '0', 'standby', t, t FROM (VALUES (now() - interval '3 days')) AS long_ago (t)
            """)
        let neighbour = try await neighbour("UPDATE hazecast.daemon SET version = version WHERE host = 'gone'")
        try await replaceDaemons()
        let meeting = Task {
            _ = try await daemonWaits(within: .seconds(5))
            try await neighbour.run(script: "COMMIT")
            await neighbour.close()
        }
        return { [proxy] in
            try await meeting.value
            try await writer.run(
                """
                ALTER ROLE hazecast RESET default_transaction_isolation;
                DELETE FROM hazecast.daemon WHERE host = 'gone'
                """)
            proxy.cut()
        }
    }

    /// What the daemon waits for is cancelled by an administrator.
    func cancel(_ variant: Int) async throws -> @Sendable () async throws -> Void {
        let tables = ["forecast_ledger", "reading_flag", "active_model"]
        let neighbour = try await neighbour(
            "LOCK TABLE hazecast.\(tables[variant % tables.count]) IN ACCESS EXCLUSIVE MODE")
        let meeting = Task {
            _ = try await daemonWaits(within: .seconds(3))
            _ = try await writer.lines(
                "SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity WHERE application_name LIKE 'hazecast%'")
            await neighbour.close()
        }
        return { try await meeting.value }
    }

    /// As if a newer version had migrated, and the daemon came back after that.
    func makeSchemaNewer() async throws -> @Sendable () async throws -> Void {
        let writer = writer
        // A daemon that another fault froze in a transaction would be waited for.
        proxy.cut()
        try await writer.run(
            """
            ALTER TABLE hazecast.reading ADD COLUMN IF NOT EXISTS from_the_future real;
            INSERT INTO hazecast.schema_file (name, sha256) VALUES ('migrations/9999_from_the_future.sql', 'none')
            ON CONFLICT DO NOTHING
            """)
        proxy.cut()
        return { [self] in
            try await writer.run(
                """
                ALTER TABLE hazecast.reading DROP COLUMN IF EXISTS from_the_future;
                DELETE FROM hazecast.schema_file WHERE name = 'migrations/9999_from_the_future.sql'
                """)
            try await migrate()
        }
    }

    /// The daemon was stopped before the readings came, and finds an order to reconcile instead of what they had left.
    func truncateArrival() async throws {
        defer { signalDaemons(SIGCONT) }
        let deadline = ContinuousClock.now + .milliseconds(500)
        while ContinuousClock.now < deadline {
            if try await writer.text("EXISTS (SELECT FROM hazecast.arrival)") == "true" {
                saw(.truncateArrival)
                break
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        let connection = try await Connection.connect(
            cluster.conninfo(database: Self.database), applicationName: "neighbour")
        // In vain where the daemon was stopped in the middle of a transaction.
        try? await connection.run(script: "SET lock_timeout = '1s'; TRUNCATE hazecast.arrival")
        await connection.close()
    }

    /// A station comes, is renamed under way, and goes again with its readings; another one changes its name for good.
    func station(_ variant: Int) async throws {
        let name = "passing \(UUID().uuidString.prefix(8))"
        try await writer.run(
            """
            INSERT INTO hazecast.station (name) VALUES ('\(name)');
            INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_speed)
            SELECT id, date_trunc('hour', now()) - make_interval(hours => h), 20, 1, 5, 1010, 2
            FROM hazecast.station, generate_series(3, 40) AS h WHERE name = '\(name)'
            """)
        try await Task.sleep(for: .milliseconds(variant % 20))
        try await writer.run(
            """
            UPDATE hazecast.station SET name = '\(name)!' WHERE name = '\(name)';
            UPDATE hazecast.station SET name = concat('station 1 ', gen_random_uuid()) WHERE id = 1
            """)
        try await Task.sleep(for: .milliseconds(variant % 7))
        try await writer.run(
            """
            DELETE FROM hazecast.reading WHERE station_id = (SELECT id FROM hazecast.station WHERE name = '\(name)!');
            DELETE FROM hazecast.station WHERE name = '\(name)!'
            """)
    }

    func damageModel(_ variant: Int) async throws -> @Sendable () async throws -> Void {
        let writer = writer
        let name = "damaged \(UUID().uuidString.prefix(8))"
        try await writer.run(
            """
            INSERT INTO hazecast.model (name, document) SELECT '\(name)', jsonb_set(jsonb_set(
                document, '{normalisation,output,scale}', '12345'), '{sha256}',
                to_jsonb(encode(sha256('\(name)'), 'hex')))
            FROM hazecast.model WHERE name = 'chapter';
            SELECT hazecast.promote('\(name)')
            """)
        return { try await writer.run("SELECT hazecast.promote('world')") }
    }
}
