import Foundation
import Glibc
import Postgres
import TestSupport

/// The daemon, the server, the network between them, and everything that goes wrong with them.
actor World {
    /// What the daemon took when it had settled.
    struct Footprint: CustomStringConvertible {
        let kibibytes, descriptors, connections: Int

        var description: String { "\(kibibytes) KiB, \(descriptors) descriptors, \(connections) connections" }
    }

    static let database = "air"
    private static let undisturbedDatabase = "undisturbed"
    /// The longest that anything may take to come right once faults have stopped: the daemon's longest backoff, and what
    /// the server takes to recover on a machine that does other things as well.
    static let patience = Duration.seconds(40)

    let cluster: PrivateCluster
    let proxy: Proxy
    let directory: String
    let writer: Writer
    private let disk: String?
    private var daemons: [RunningProcess] = []
    private var footprint: Footprint?
    private var stationIDs = 0

    private init(cluster: PrivateCluster, directory: String, disk: String?) throws {
        self.cluster = cluster
        self.directory = directory
        self.disk = disk
        proxy = try Proxy(to: cluster)
        writer = Writer(conninfo: cluster.conninfo(database: Self.database))
    }

    static func start(stations: [String]) async throws -> World {
        let directory = "/tmp/hazecast-faults-\(getpid())"
        mkdir(directory, 0o755)
        var disk: String?
        if MountNamespace.isOwn {
            disk = directory + "/disk"
            try MountNamespace.mountSmall(at: directory + "/disk", mebibytes: 700)
        }
        let cluster = try PrivateCluster(
            directory: (disk ?? directory) + "/server", port: try TestServer.freePort(),
            settings: [
                "fsync": "off", "max_connections": "60", "shared_buffers": "64MB", "max_wal_size": "64MB",
                "min_wal_size": "32MB",
            ])
        try await cluster.start()
        let world = try World(cluster: cluster, directory: directory, disk: disk)
        for database in [Self.database, Self.undisturbedDatabase] {
            let administrator = try await Connection.connect(cluster.conninfo(), applicationName: "faults")
            try await administrator.run(script: "CREATE DATABASE \(database)")
            await administrator.close()
            let conninfo = cluster.conninfo(database: database)
            let migrated = try await Executable.hazecast.run([
                "migrate", "--database", conninfo, "--login", "hazecast",
            ])
            guard migrated.status == 0 else { throw Failure(migrated.standardError) }
            let connection = try await Connection.connect(conninfo, applicationName: "faults")
            try await connection.query(
                "INSERT INTO hazecast.station (name, longitude) SELECT s, 116.4 FROM unnest($1::text[]) WITH ORDINALITY AS u (s, n) ORDER BY n",
                [stations])
            await connection.close()
        }
        await world.note(stations: stations.count)
        return world
    }

    private func note(stations: Int) { stationIDs = stations }

    /// The ledger of a run that nothing disturbs.
    func undisturbed(_ replay: Replay) async throws -> [String] {
        let conninfo = cluster.conninfo(database: Self.undisturbedDatabase)
        let writer = Writer(conninfo: conninfo)
        let daemon = try Executable.hazecast.start(["run", "--database", conninfo], environment: Self.environment)
        defer { daemon.signal(SIGKILL) }
        for step in replay.steps {
            try await writer.write(step)
            try await settled(writer)
        }
        daemon.signal(SIGTERM)
        _ = try await withDeadline(.seconds(10)) { await daemon.end() }
        return try await ledger(writer)
    }

    /// Starts the daemon that faults will happen to.
    func prepare(_ replay: Replay) async throws { try startDaemon() }

    /// One step of the replay, faults included.
    ///
    /// - Returns: how long it took from the end of the faults until the daemon had considered everything.
    func take(_ step: Replay.Step, under faults: [Struck]) async throws -> Duration {
        // The others need a server to begin, and to end.
        let down: Set<Fault> = [.serverFast, .serverImmediate, .killPostmaster]
        let lasting =
            faults.filter { $0.fault.isLasting && !down.contains($0.fault) }
            + faults.filter { down.contains($0.fault) }
        let striking = faults.filter { !$0.fault.isLasting }
        var lifts: [@Sendable () async throws -> Void] = []
        for fault in lasting { lifts.append(try await begin(fault)) }
        for fault in striking { arm(fault) }
        let writer = writer
        let writing = Task { try await writer.write(step) }
        // Beside what lasts, which may keep it waiting.
        let strikes = Task {
            for fault in striking {
                try await Task.sleep(for: fault.delay)
                try await strike(fault)
            }
        }
        if lasting.isEmpty { try await strikes.value }
        if let longest = lasting.map(\.length).max() {
            let end = ContinuousClock.now + longest
            // Another fault might replace the daemon that has to notice.
            if faults.count == 1 { try await expectNotice(of: faults[0]) }
            if lasting.contains(where: \.isStopping), !lasting.contains(where: { $0.fault == .stopContinue }) {
                try await stopDaemons(under: lasting)
            }
            try await Task.sleep(until: end)
        }
        for lift in lifts.reversed() { try await lift() }
        let lifted = ContinuousClock.now
        try await withDeadline(.seconds(60)) {
            try await strikes.value
            try await writing.value
        }
        try reviveDaemons()
        try await settled(writer)
        let took = ContinuousClock.now - lifted
        if footprint == nil { footprint = try await measure() }
        proxy.heal()
        return took
    }

    // MARK: The daemon

    private static let environment = [
        "HAZECAST_RETRAIN_EVERY": "off", "HAZECAST_RETRAIN_MEMORY": "24 MiB",
    ]

    func startDaemon(environment: [String: String] = [:]) throws {
        daemons.append(
            try Executable.hazecast.start(
                [
                    "run", "--log-level", "debug", "--database",
                    proxy.conninfo(database: Self.database, user: "hazecast"),
                ],
                environment: Self.environment.merging(environment) { $1 }))
    }

    func signalDaemons(_ signal: Int32) { for daemon in daemons { daemon.signal(signal) } }

    /// Asks every daemon to stop, which it has to do at once whatever is going on.
    func stopDaemons(under faults: [Struck]) async throws {
        signalDaemons(SIGTERM)
        for daemon in daemons {
            let name = faults.map(\.fault.rawValue).joined(separator: " + ")
            do {
                let output = try await withDeadline(.seconds(5)) { await daemon.end() }
                // Before it says that it serves, whatever was wrong may have ended it, or the signal, not yet caught; and
                // another fault may have killed it.
                let hasServed = output.standardError.contains("NOTICE serving")
                guard
                    [0, 128 + SIGKILL].contains(output.status)
                        || !hasServed && [1, 128 + SIGTERM].contains(output.status)
                else { throw Failure("stopped under \(name), the daemon ended with \(output.status)") }
            } catch is DeadlineExceeded {
                throw Failure("under \(name) a stop took more than 5 s")
            }
        }
        daemons = []
        try startDaemon()
    }

    /// As systemd does with a service that ends by itself; one daemon is enough from here on.
    private func reviveDaemons() throws {
        for daemon in daemons where daemon.hasEnded {
            if let line = daemon.standardError.split(separator: "\n").last { lastWords = String(line) }
        }
        daemons.removeAll(where: \.hasEnded)
        for extra in daemons.dropFirst() { extra.signal(SIGTERM) }
        daemons = Array(daemons.prefix(1))
        if daemons.isEmpty { try startDaemon() }
    }

    private var lastWords = ""

    /// Waits until the daemon says that something is wrong.
    private func expectNotice(of fault: Struck) async throws {
        let limit: Duration
        switch fault.fault {
        case .blackHole where fault.variant % 3 == 0: limit = .seconds(15)
        case .readOnly: limit = .seconds(5)
        default: return
        }
        guard !fault.isStopping, let daemon = daemons.first, !daemon.hasEnded else { return }
        let before = Self.complaints(daemon)
        let deadline = ContinuousClock.now + limit
        while Self.complaints(daemon) == before {
            if ContinuousClock.now > deadline { throw Failure("\(fault.fault.rawValue) not noticed within \(limit)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func complaints(_ daemon: RunningProcess) -> Int {
        daemon.standardError.split(separator: "\n").count { $0.contains(" retry_in=") }
    }

    // MARK: The invariant

    /// Waits until the daemon has considered every reading: its claim of an arrival commits with the forecasts.
    func settled(_ writer: Writer) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while try await writer.text(
            """
            SELECT NOT EXISTS (SELECT FROM hazecast.arrival)
                AND NOT EXISTS (SELECT FROM hazecast.status WHERE kind = 'station' AND reason = 'not forecast yet')
            """) != "true"
        {
            if ContinuousClock.now > deadline {
                throw Failure("readings are not considered \(Self.patience) after the faults stopped")
            }
            if writer === self.writer { try reviveDaemons() }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The whole ledger of the replay's stations but for when things were issued.
    private func ledger(_ writer: Writer) async throws -> [String] {
        try await writer.lines(
            """
            SELECT concat_ws(' ', l.station_id, l.origin, l.revision, m.name, l.pm25, l.lower80, l.upper80, l.digest)
            FROM hazecast.forecast_ledger AS l JOIN hazecast.model AS m ON m.id = l.model_id
            WHERE l.station_id <= \(stationIDs) ORDER BY l.station_id, l.origin, l.revision
            """)
    }

    func check(against undisturbed: [String]) async throws {
        try reviveDaemons()
        try await settled(writer)
        let doubled = try await writer.lines(
            """
            SELECT concat('station ', station_id, ', ', origin) FROM hazecast.forecast_ledger
            GROUP BY station_id, origin HAVING max(revision) <> count(*) OR min(revision) <> 1
            UNION ALL
            SELECT concat('station ', station_id, ', ', origin, ' revision ', revision) FROM (
                SELECT *, lag(digest) OVER (PARTITION BY station_id, origin ORDER BY revision) AS before
                FROM hazecast.forecast_ledger) AS l
            WHERE digest = before
            """)
        guard doubled.isEmpty else { throw Failure("issued twice: \(doubled.prefix(5))") }
        let ledger = try await ledger(writer)
        guard ledger == undisturbed else {
            let missing = Set(undisturbed).subtracting(ledger).sorted().prefix(3)
            let surplus = Set(ledger).subtracting(undisturbed).sorted().prefix(3)
            throw Failure(
                "the ledger is not that of an undisturbed run: \(ledger.count) rows instead of \(undisturbed.count); "
                    + "missing \(missing.map { $0.prefix(120) }), surplus \(surplus.map { $0.prefix(120) })")
        }
        guard let before = footprint else { return }
        let after = try await measure()
        say("footprint before: \(before); after: \(after)")
        guard after.descriptors == before.descriptors, after.connections == before.connections,
            after.kibibytes <= before.kibibytes * 5 / 4 + 8_192
        else { throw Failure("not back where it was: \(before) before, \(after) after") }
    }

    /// What the daemon takes, once it has two connections and nothing else.
    func measure() async throws -> Footprint {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let connections =
                Int(
                    try await writer.text(
                        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'hazecast%'") ?? "") ?? 0
            guard let daemon = daemons.first else { throw Failure("no daemon") }
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.id)/fd"))?.count
            let status = (try? String(contentsOfFile: "/proc/\(daemon.id)/status", encoding: .utf8)) ?? ""
            let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
                .flatMap { Int($0.split(whereSeparator: \.isWhitespace)[1]) }
            let now = Footprint(
                kibibytes: resident ?? 0, descriptors: descriptors ?? 0, connections: connections)
            if connections == 2, footprint.map({ $0.descriptors == now.descriptors }) ?? true { return now }
            if ContinuousClock.now > deadline { return now }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    // MARK: The end

    /// What the daemon said last, for whoever has to find out what happened.
    func report() {
        if !lastWords.isEmpty { say("a daemon that ended: \(lastWords)") }
        for daemon in daemons {
            for line in daemon.standardError.split(separator: "\n").suffix(12) { say("  daemon: \(line)") }
        }
    }

    func end() async {
        signalDaemons(SIGKILL)
        proxy.close()
        await cluster.remove()
        if let disk { umount(disk) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Why a fault cannot be made here.
    func cannot(_ fault: Fault) -> String? {
        switch fault {
        case .diskFull where disk == nil: "needs root, to mount a small file system"
        case .daemonClock where !FakeClock.isInstalled, .serverClock where !FakeClock.isInstalled:
            "needs the Debian package faketime"
        default: nil
        }
    }

    var diskDirectory: String? { disk }
    var oldestDaemon: RunningProcess? { daemons.first }
}
