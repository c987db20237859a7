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
                WHERE application_name LIKE 'hazecast\(struck.variant % 2 == 0 ? "%" : "")'
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
        case .halfOpen: proxy.swallow(clientsThatSent: Self.session)
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
            try await replaceDaemons(environment: clock.environment)
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
