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
    /// What is promised once faults have stopped; where the log has announced a longer wait, that.
    static let promise = Duration.seconds(5)
    /// What the daemon's session begins with, and nobody else's.
    static let session = "application_name\0hazecast\0"
    /// How long a run that nothing disturbs may take for a step, however many readings it has.
    static let patience = Duration.seconds(120)

    /// The server that is the primary now.
    private(set) var cluster: PrivateCluster
    let proxy: Proxy
    let directory: String
    let writer: Writer
    /// What the daemons may write into their log at one step, debugging left out: a few lines each time that one starts or
    /// serves, and one for each different thing that is wrong.
    static let linesAtMost = 60

    /// How much longer than promised anything may take, for a machine that does other things as well.
    let slack: Duration
    private let disk: String?
    /// Whether to print what the daemons say was wrong.
    let isVerbose: Bool
    var daemons: [RunningProcess] = []
    /// All that have been started and have not been seen to end.
    var everyone: [RunningProcess] = []
    var footprint: Footprint?
    var stationIDs = 0
    private var servers = 1
    /// What was found out so far.
    var findings = Findings()

    private init(
        cluster: PrivateCluster, directory: String, disk: String?, slack: Duration, isVerbose: Bool
    ) throws {
        self.cluster = cluster
        self.directory = directory
        self.disk = disk
        self.slack = slack
        self.isVerbose = isVerbose
        proxy = try Proxy(to: cluster)
        writer = Writer(conninfo: cluster.conninfo(database: Self.database))
    }

    private static let serverSettings = [
        "fsync": "off", "max_connections": "100", "shared_buffers": "64MB", "max_wal_size": "64MB",
        "min_wal_size": "32MB", "log_line_prefix": "%a: ", "log_lock_waits": "on", "deadlock_timeout": "500ms",
    ]

    /// - Parameter olderSchema: how many of the repeatable files an older binary has applied to the database; nil for all.
    static func start(
        stations: [String], slack: Duration, olderSchema: Int? = nil, isVerbose: Bool = false
    ) async throws -> World {
        let directory = "/tmp/hazecast-faults-\(getpid())"
        mkdir(directory, 0o755)
        var disk: String?
        if MountNamespace.isOwn {
            disk = directory + "/disk"
            try MountNamespace.mountSmall(at: directory + "/disk", mebibytes: 1_000)
        }
        let cluster = try PrivateCluster(
            directory: (disk ?? directory) + "/server", port: try TestServer.freePort(),
            settings: serverSettings)
        try await cluster.start()
        let world = try World(
            cluster: cluster, directory: directory, disk: disk, slack: slack, isVerbose: isVerbose)
        for database in [Self.undisturbedDatabase, Self.database] {
            let administrator = try await Connection.connect(cluster.conninfo(), applicationName: "faults")
            try await administrator.run(script: "CREATE DATABASE \(database)")
            await administrator.close()
            let conninfo = cluster.conninfo(database: database)
            let connection = try await Connection.connect(conninfo, applicationName: "faults")
            if let olderSchema, database == Self.database {
                try await OlderSchema.make(on: connection, repeatable: olderSchema)
            } else {
                try await migrate(conninfo)
            }
            try await connection.query(
                "INSERT INTO hazecast.station (name, longitude) SELECT s, 116.4 FROM unnest($1::text[]) WITH ORDINALITY AS u (s, n) ORDER BY n",
                [stations])
            try await connection.run(script: settledDay)
            await connection.close()
        }
        await world.note(stations: stations.count)
        return world
    }

    /// Every station has had its newest day settled. When a new station gets its first memory depends on the clock, and
    /// its forecasts on the memory: two runs would not have the same ledger.
    private static let settledDay = """
        INSERT INTO hazecast.live_day (
            station_id, day, model_id, n, outside80, outside95, factors80, factors95, scored, model_sse, persistence_sse,
            persistence, since, verdict, memory, change_factors, change_products, change_squares, change_counts)
        SELECT id, yesterday, 1, zeros, zeros, zeros, ones, ones, zeros, zeros, zeros, false, yesterday, 'model',
            ARRAY[4, 30, 90, 120, 700, 20] || array_fill(0.05::real, ARRAY[24]), ones, zeros, zeros, zeros
        FROM hazecast.station, (
            SELECT (now() AT TIME ZONE 'UTC')::date - 1, array_fill(0, ARRAY[24]), array_fill(1::real, ARRAY[24])
        ) AS fixed (yesterday, zeros, ones)
        """

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

    /// Starts the daemon that faults will happen to, and brings the schema to what it needs while it and a writer are there.
    func prepare(_ replay: Replay) async throws {
        try startDaemon()
        guard let daemon = daemons.first, let first = replay.steps.first else { return }
        let isOlder = try await writer.text("SELECT NOT EXISTS (SELECT FROM hazecast.model WHERE id > 0)") == "true"
        if isOlder {
            _ = try await withDeadline(Self.promise + slack) {
                await daemon.hasWritten(toStandardError: "run `hazecast migrate`")
            }
        }
        async let migrated: Void = Self.migrate(cluster.conninfo(database: Self.database))
        try await writer.write(first)
        try await migrated
        try reviveDaemons()
        try await settled(writer, after: .now, since: mark())
        if isOlder { say("a schema of an older version was migrated while the daemon waited and readings came") }
    }

    private static func migrate(_ conninfo: String) async throws {
        let migrated = try await Executable.hazecast.run(["migrate", "--database", conninfo, "--login", "hazecast"])
        guard migrated.status == 0 else { throw Failure(migrated.standardError) }
    }

    func migrate() async throws { try await Self.migrate(cluster.conninfo(database: Self.database)) }

    /// One step of the replay, faults included.
    ///
    /// - Returns: how long it took from the end of the faults until the daemon had considered everything.
    func take(_ step: Replay.Step, under faults: [Struck]) async throws -> Duration {
        everyone.removeAll(where: \.hasEnded)
        let mark = mark()
        // The others need a server to begin, and to end.
        let down: Set<Fault> = [.serverFast, .serverImmediate, .killPostmaster]
        let lasting =
            faults.filter { $0.fault.isLasting && !down.contains($0.fault) }
            + faults.filter { down.contains($0.fault) }
        let striking = faults.filter { !$0.fault.isLasting }
        var lifts: [@Sendable () async throws -> Void] = []
        let broken = ContinuousClock.now
        for fault in lasting { lifts.append(try await begin(fault, before: step)) }
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
            if faults.count == 1 {
                if faults[0].fault == .readOnly { try await writing.value }
                try await expectNotice(
                    of: faults[0], from: faults[0].fault == .readOnly ? .now : broken, since: mark)
            }
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
        try await settled(writer, after: lifted, since: mark)
        let took = ContinuousClock.now - lifted
        if footprint == nil { footprint = try await measure() }
        proxy.heal()
        try look(for: faults, since: mark)
        for fault in faults.map(\.fault) { findings.made(fault, rightAfter: took) }
        return took
    }

    // MARK: The daemon

    private static let environment = [
        "HAZECAST_RETRAIN_EVERY": "off", "HAZECAST_RETRAIN_MEMORY": "24 MiB",
    ]

    @discardableResult
    func startDaemon(environment: [String: String] = [:]) throws -> RunningProcess {
        let daemon = try Executable.hazecast.start(
            [
                "run", "--log-level", "debug", "--database",
                proxy.conninfo(database: Self.database, user: "hazecast"),
            ],
            environment: Self.environment.merging(environment) { $1 })
        daemons.append(daemon)
        everyone.append(daemon)
        return daemon
    }

    /// - Returns: those that it went to.
    @discardableResult
    func signalDaemons(_ signal: Int32) -> [RunningProcess] {
        let running = daemons.filter { !$0.hasEnded }
        for daemon in running { daemon.signal(signal) }
        return running
    }

    /// Stops every daemon and starts one when they have ended: of two that run, the older one is kept.
    func replaceDaemons(environment: [String: String] = [:]) async throws {
        for daemon in signalDaemons(SIGTERM) { _ = await daemon.end() }
        daemons = []
        try startDaemon(environment: environment)
    }

    /// Asks every daemon to stop, which it has to do at once whatever is going on.
    func stopDaemons(under faults: [Struck]) async throws {
        let stopped = daemons
        let asked = ContinuousClock.now
        for daemon in stopped {
            daemon.signal(SIGTERM)
            // Another fault may have frozen it.
            daemon.signal(SIGCONT)
        }
        for daemon in stopped {
            let name = faults.map(\.fault.rawValue).joined(separator: " + ")
            do {
                let output = try await withDeadline(Self.promise + slack) { await daemon.end() }
                for fault in faults { findings.stopped(under: fault.fault, within: .now - asked) }
                // Before it says that it serves, whatever was wrong may have ended it, or the signal, not yet caught; and
                // another fault may have killed it.
                let hasServed = output.standardError.contains("NOTICE serving")
                guard
                    [0, 128 + SIGKILL].contains(output.status)
                        || !hasServed && [1, 128 + SIGTERM].contains(output.status)
                else { throw Failure("stopped under \(name), the daemon ended with \(output.status)") }
            } catch is DeadlineExceeded {
                throw Failure("under \(name) a stop took more than \(Self.promise + slack)")
            }
        }
        // Others may have been started meanwhile.
        daemons.removeAll { daemon in stopped.contains { $0 === daemon } }
        if daemons.isEmpty { try startDaemon() }
    }

    /// As systemd does with a service that ends by itself; one daemon is enough from here on.
    func reviveDaemons() throws {
        for daemon in daemons where daemon.hasEnded {
            if let line = daemon.standardError.split(separator: "\n").last { lastWords = String(line) }
        }
        daemons.removeAll(where: \.hasEnded)
        for extra in daemons.dropFirst() { extra.signal(SIGTERM) }
        daemons = Array(daemons.prefix(1))
        if daemons.isEmpty { try startDaemon() }
    }

    private var lastWords = ""

    // MARK: The end

    /// What the daemon said last, for whoever has to find out what happened.
    func report() {
        if !lastWords.isEmpty { say("a daemon that ended: \(lastWords)") }
        for daemon in daemons {
            for line in daemon.standardError.split(separator: "\n").suffix(12) { say("  daemon: \(line)") }
        }
    }

    func end() async {
        for daemon in everyone { daemon.signal(SIGKILL) }
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
    var runningDaemons: [RunningProcess] { daemons.filter { !$0.hasEnded } }

    /// A server that is not there yet, beside the others.
    func newServer() throws -> PrivateCluster {
        servers += 1
        return try PrivateCluster(
            directory: "\(disk ?? directory)/server\(servers)", port: try TestServer.freePort(),
            settings: Self.serverSettings)
    }

    /// From here on everybody goes to another server.
    func turn(to other: PrivateCluster) async {
        cluster = other
        proxy.turn(to: other)
        await writer.turn(to: other.conninfo(database: Self.database))
    }
}
