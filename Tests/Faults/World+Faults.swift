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
        // A turn is: look at the lock, claim, clear flags, read, COPY, its data, COMMIT.
        let step = struck.variant % 9
        switch struck.fault {
        case .killAtStatement: proxy.when(clientHasSent: "BEGIN ISOLATION", chunks: step) { daemons(SIGKILL) }
        case .terminateAtStatement: proxy.when(clientHasSent: "BEGIN ISOLATION", chunks: step) { daemons(SIGTERM) }
        case .cutAtStatement:
            proxy.when(clientHasSent: "BEGIN ISOLATION", chunks: step) { [proxy] in proxy.cut() }
        default: break
        }
    }

    /// What strikes once.
    func strike(_ struck: Struck) async throws {
        switch struck.fault {
        case .kill: signalDaemons(SIGKILL)
        case .terminate: try await stopDaemons(under: [struck])
        case .standby:
            try startDaemon()
            try await Task.sleep(for: .milliseconds(struck.variant))
            firstDaemon(struck.variant % 2 == 0 ? SIGKILL : SIGTERM)
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
        case .cancelBackends:
            _ = try await writer.lines(
                "SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity WHERE application_name LIKE 'hazecast%'")
        case .cut: proxy.cut()
        case .deadlock: try await deadlock()
        case .migrate:
            _ = try await Executable.hazecast.run([
                "migrate", "--database", cluster.conninfo(database: Self.database),
            ])
        case .truncateArrival: try await writer.run("TRUNCATE hazecast.arrival")
        case .station: try await station(struck.variant)
        case .trainerMemory: try await writer.run("SELECT hazecast.request_retrain()")
        default: break
        }
    }

    /// What goes on until the function that this returns is called.
    func begin(_ struck: Struck) async throws -> @Sendable () async throws -> Void {
        let (writer, proxy, cluster) = (writer, proxy, cluster)
        switch struck.fault {
        case .stopContinue:
            signalDaemons(SIGSTOP)
            return { [self] in await signalDaemons(SIGCONT) }
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
        case .tooManyConnections:
            try await writer.run("ALTER ROLE hazecast CONNECTION LIMIT 0")
            proxy.cut()
            return { try await writer.run("ALTER ROLE hazecast CONNECTION LIMIT -1") }
        case .statementTimeout, .serializable:
            let setting =
                struck.fault == .serializable
                ? ("default_transaction_isolation", "serializable")
                : ("statement_timeout", "\(struck.variant % 3 + 1)ms")
            try await writer.run("ALTER ROLE hazecast SET \(setting.0) = '\(setting.1)'")
            proxy.cut()
            return {
                try await writer.run("ALTER ROLE hazecast RESET \(setting.0)")
                // A session keeps what it began with.
                proxy.cut()
            }
        case .blackHole: proxy.blackHole()
        case .latency:
            proxy.delay(.milliseconds(5 + struck.variant % 60))
            proxy.cut()
        case .bytewise: proxy.handOnBytewise()
        case .refuse:
            proxy.refuse()
            proxy.cut()
        case .lock: return try await lock(struck.variant)
        case .diskFull: return try await fillDisk(struck.variant)
        case .model: return try await damageModel(struck.variant)
        case .daemonClock, .serverClock: return try await stepClock(struck)
        default: break
        }
        return { proxy.heal() }
    }

    private func lock(_ variant: Int) async throws -> @Sendable () async throws -> Void {
        let tables = ["forecast_ledger", "arrival", "reading", "daemon", "station", "active_model"]
        let holder = try await Connection.connect(
            cluster.conninfo(database: Self.database), applicationName: "faults lock")
        try await holder.run(
            script: "BEGIN; LOCK TABLE hazecast.\(tables[variant % tables.count]) IN ACCESS EXCLUSIVE MODE")
        return { await holder.close() }
    }

    /// Two transactions that wait for each other: the daemon's has claimed and wants to write, ours the other way round.
    private func deadlock() async throws {
        let other = try await Connection.connect(
            cluster.conninfo(database: Self.database), applicationName: "faults deadlock")
        // The server ends whoever looks first.
        try await other.run(
            script: "SET deadlock_timeout = '20s'; BEGIN; LOCK TABLE hazecast.forecast_ledger IN SHARE MODE")
        _ = try? await other.run(script: "SET LOCAL lock_timeout = '3s'; LOCK TABLE hazecast.arrival IN SHARE MODE")
        await other.close()
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

    private func fillDisk(_ variant: Int) async throws -> @Sendable () async throws -> Void {
        let cluster = cluster
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
        let cluster = cluster
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
            try clock.step(by: 0)
            try await Task.sleep(for: .seconds(1))
            if struck.fault == .serverClock {
                try await cluster.restart()
            } else {
                await signalDaemons(SIGTERM)
            }
        }
    }

    private func firstDaemon(_ signal: Int32) { oldestDaemon?.signal(signal) }
}
