import Foundation
import Glibc
import Postgres
import TestSupport

extension World {
    /// Sets up what happens at a statement of the daemon's, which is sent later.
    func arm(_ struck: Struck) {
        let daemons = { @Sendable [self] (signal: Int32) in
            let done = DispatchSemaphore(value: 0)
            Task {
                await signalDaemons(signal)
                done.signal()
            }
            done.wait()
        }
        let note = { @Sendable [self] (piece: [UInt8]) in
            _ = Task { await hit(struck.fault, at: Self.place(of: piece)) }
        }
        // A turn is: look at the lock, claim, clear flags, read, load windows, COPY, its data, COMMIT; twice as many pieces
        // where statements are sent for the first time.
        let step = struck.variant % 16
        switch struck.fault {
        case .killAtStatement:
            proxy.when(clientHasSent: "BEGIN ISOLATION", chunks: step) {
                daemons(SIGKILL)
                note($0)
            }
        case .terminateAtStatement:
            proxy.when(clientHasSent: "BEGIN ISOLATION", chunks: step) {
                daemons(SIGTERM)
                note($0)
            }
        case .cutAtStatement:
            proxy.when(clientHasSent: "BEGIN ISOLATION", chunks: step) { [proxy] in
                proxy.cut()
                note($0)
            }
        // What it has not claimed yet can be taken away.
        case .truncateArrival: signalDaemons(SIGSTOP)
        default: break
        }
    }

    /// What the daemon was about to send, for whoever reads the findings.
    private static func place(of piece: [UInt8]) -> String {
        let places = [
            ("BEGIN ISOLATION", "BEGIN"), ("COMMIT", "COMMIT"), ("PGCOPY\n", "the forecasts"),
            ("COPY hazecast.forecast_ledger", "COPY"), ("DELETE FROM hazecast.arrival", "the claim"),
            ("hazecast.reading_flag", "flags"), ("hazecast.reading", "reading"),
            ("EXISTS (SELECT FROM hazecast.arrival)", "the next look"),
        ]
        let known = places.first { !piece[...].ranges(of: Array($0.0.utf8)).isEmpty }
        return known?.1 ?? "a prepared statement"
    }

    /// What strikes once.
    func strike(_ struck: Struck) async throws {
        switch struck.fault {
        case .kill:
            for daemon in signalDaemons(SIGKILL) {
                if await daemon.end().status == 128 + SIGKILL { saw(.kill) }
            }
        case .terminate:
            try await stopDaemons(under: [struck])
            saw(.terminate)
        case .standby:
            let other = try startDaemon()
            _ = try? await withDeadline(.seconds(2)) { await other.hasWritten(toStandardError: "NOTICE standby") }
            try await Task.sleep(for: .milliseconds(struck.variant / 4))
            oldestDaemon?.signal(struck.variant % 2 == 0 ? SIGKILL : SIGTERM)
        case .killBackend:
            let text = try await writer.text(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'hazecast' LIMIT 1")
            if let process = text.flatMap({ pid_t($0) }) { Glibc.kill(process, SIGKILL) }
        case .terminateBackends:
            _ = try await writer.lines(
                """
                SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                WHERE application_name LIKE 'hazecast\(struck.variant % 2 == 0 ? "%" : " listener")'
                """)
        case .cut: proxy.cut()
        case .truncateArrival: try await truncateArrival()
        case .station:
            try await station(struck.variant)
            saw(.station)
        case .trainerMemory: try await writer.run("SELECT hazecast.request_retrain()")
        default: break
        }
    }

    /// What goes on until the function that this returns is called.
    ///
    /// - Parameter step: what is about to be written.
    func begin(_ struck: Struck, before step: Replay.Step) async throws -> @Sendable () async throws -> Void {
        let (writer, proxy, cluster) = (writer, proxy, cluster)
        switch struck.fault {
        case .stopContinue:
            let stopped = signalDaemons(SIGSTOP)
            return { [self] in
                for daemon in stopped where !daemon.hasEnded {
                    let state = try? String(contentsOfFile: "/proc/\(daemon.id)/stat", encoding: .utf8)
                    if state?.contains(") T ") == true { await saw(.stopContinue) }
                    daemon.signal(SIGCONT)
                }
            }
        case .serverFast, .serverImmediate, .killPostmaster:
            await cluster.stop(
                struck.fault == .serverFast ? .fast : struck.fault == .serverImmediate ? .immediate : .kill)
            return { try await cluster.start() }
        case .readOnly:
            try await writer.run("ALTER SYSTEM SET default_transaction_read_only = on")
            try await writer.run("SELECT pg_reload_conf()")
            return {
                try await writer.run("ALTER SYSTEM RESET default_transaction_read_only")
                try await writer.run("SELECT pg_reload_conf()")
            }
        case .tooManyConnections where struck.variant % 2 == 0: return try await crowd()
        case .tooManyConnections:
            try await writer.run("ALTER ROLE hazecast CONNECTION LIMIT 0")
            proxy.cut()
            return { try await writer.run("ALTER ROLE hazecast CONNECTION LIMIT -1") }
        case .statementTimeout:
            try await writer.run("ALTER ROLE hazecast SET statement_timeout = '\(struck.variant % 3 + 1)ms'")
            proxy.cut()
            return {
                try await writer.run("ALTER ROLE hazecast RESET statement_timeout")
                // A session keeps what it began with.
                proxy.cut()
            }
        case .serialization: return try await conflict()
        case .deadlock: return try await deadlock()
        case .cancelBackends: return try await cancel(struck.variant)
        case .failover: return try await failOver(after: struck.delay)
        case .newerSchema: return try await makeSchemaNewer()
        case .blackHole: proxy.blackHole()
        case .deafListener: proxy.swallow(clientsThatSent: "LISTEN")
        case .latency, .bytewise:
            let before = proxy.disturbed
            if struck.fault == .latency {
                proxy.delay(.milliseconds(5 + struck.variant % 60))
                proxy.cut()
            } else {
                proxy.handOnBytewise()
            }
            return { [self] in
                if proxy.disturbed > before { await saw(struck.fault) }
                proxy.heal()
            }
        case .refuse:
            proxy.refuse()
            proxy.cut()
        case .lock: return try await lock(struck.variant)
        case .diskFull: return try await fillDisk(struck.variant, before: step)
        case .model: return try await damageModel(struck.variant)
        case .daemonClock, .serverClock: return try await stepClock(struck)
        default: break
        }
        return { proxy.heal() }
    }

    /// Neighbours take every connection that the server has to give, but for those of superusers.
    private func crowd() async throws -> @Sendable () async throws -> Void {
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

    private func lock(_ variant: Int) async throws -> @Sendable () async throws -> Void {
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
    private func deadlock() async throws -> @Sendable () async throws -> Void {
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
    private func conflict() async throws -> @Sendable () async throws -> Void {
        let writer = writer
        try await writer.run(
            """
            ALTER ROLE hazecast SET default_transaction_isolation = 'serializable';
            INSERT INTO hazecast.daemon (instance, host, pid, version, role, started_at, heartbeat)
            SELECT gen_random_uuid(), 'gone', 1, '0', 'standby', t, t FROM (VALUES (now() - interval '3 days')) AS long_ago (t)
            """)
        let neighbour = try await neighbour("UPDATE hazecast.daemon SET version = version WHERE host = 'gone'")
        signalDaemons(SIGTERM)
        try startDaemon()
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
    private func cancel(_ variant: Int) async throws -> @Sendable () async throws -> Void {
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
    private func makeSchemaNewer() async throws -> @Sendable () async throws -> Void {
        let writer = writer
        try await writer.run(
            """
            ALTER TABLE hazecast.reading ADD COLUMN IF NOT EXISTS from_the_future real;
            INSERT INTO hazecast.migration (number, name, sha256)
            SELECT max(number) + 1, 'from_the_future.sql', 'none' FROM hazecast.migration
            """)
        proxy.cut()
        return { [self] in
            try await writer.run(
                """
                ALTER TABLE hazecast.reading DROP COLUMN IF EXISTS from_the_future;
                DELETE FROM hazecast.migration WHERE name = 'from_the_future.sql'
                """)
            try await migrate()
        }
    }

    /// The daemon was stopped before the readings came, and finds an order to reconcile instead of what they had left.
    private func truncateArrival() async throws {
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
    private func station(_ variant: Int) async throws {
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

    private func damageModel(_ variant: Int) async throws -> @Sendable () async throws -> Void {
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
        return { try await writer.run("SELECT hazecast.promote('operational')") }
    }

    private func fillDisk(
        _ variant: Int, before step: Replay.Step
    ) async throws -> @Sendable () async throws -> Void {
        let cluster = cluster
        // The readings still find room; the forecasts do not.
        let stopped = signalDaemons(SIGSTOP)
        defer { for daemon in stopped { daemon.signal(SIGCONT) } }
        try await writer.write(step)
        guard let disk = diskDirectory else { throw Failure("no small file system") }
        let ballast = disk + "/ballast"
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        var space = statvfs()
        statvfs(disk, &space)
        var free = off_t(space.f_bavail) * off_t(space.f_frsize)
        while free > 4096, posix_fallocate(descriptor, 0, free) != 0 { free -= 1 << 20 }
        close(descriptor)
        if variant % 2 == 0 {
            // The log has room left in files that it will use again; without that the server ends itself.
            _ = try? await Connection.connect(cluster.conninfo(), applicationName: "faults disk").run(
                script: """
                    DO $$ BEGIN LOOP PERFORM pg_logical_emit_message(false, '', repeat('x', 1000000)); END LOOP; END $$
                    """)
        }
        return {
            unlink(ballast)
            // A server that could not write its log has ended; whoever freed the space starts it again.
            if await !cluster.isAlive() { try await cluster.restart(.immediate) }
        }
    }

    private func stepClock(_ struck: Struck) async throws -> @Sendable () async throws -> Void {
        let hours = [1, -1, 8_760, -8_760][struck.variant % 4]
        let clock = try FakeClock(file: directory + "/clock")
        let (cluster, writer) = (cluster, writer)
        if struck.fault == .serverClock {
            await cluster.stop()
            try await cluster.start(environment: clock.environment)
        } else {
            signalDaemons(SIGTERM)
            try startDaemon(environment: clock.environment)
        }
        // It serves before the step, and what it knows is from then.
        try await Task.sleep(for: .seconds(1))
        try clock.step(by: hours)
        try await Task.sleep(for: .seconds(1))
        return { [self] in
            if struck.fault == .serverClock {
                let isOff = "abs(extract(epoch FROM clock_timestamp()) - \(Date().timeIntervalSince1970)) > 1800"
                if try await writer.text(isOff) == "true" { await saw(.serverClock) }
                // Readings that came while the clock was more than three hours behind are those of a station whose clock is
                // ahead, unless somebody says that it was the server's (docs/operations.md), and before the daemon judges them.
                let isMended = hours < -3
                if isMended { for daemon in await signalDaemons(SIGTERM) { _ = await daemon.end() } }
                try clock.step(by: 0)
                try await Task.sleep(for: .seconds(1))
                try await cluster.restart()
                if isMended {
                    try await writer.run(
                        """
                        UPDATE hazecast.reading SET received_at = now()
                        WHERE received_at < observed_at - interval '1 hour' AND observed_at <= now()
                        """)
                }
                return
            }
            // It says goodbye at the time that it takes for the present.
            for daemon in await signalDaemons(SIGTERM) {
                let said = await daemon.end().standardError.split(separator: "\n").last?.prefix(20)
                let time = said.flatMap { try? Date(String($0), strategy: .iso8601) }
                if let time, abs(time.timeIntervalSinceNow) > 1_800 { await saw(.daemonClock) }
            }
            try clock.step(by: 0)
        }
    }
}
