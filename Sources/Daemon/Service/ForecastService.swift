import CLinux
import Forecast
import Foundation
import Ingest
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// The daemon: connects, waits for its turn as the active one, forecasts whatever arrives, and comes back after
/// whatever goes wrong.
///
/// There is one way to recover: the session with the database ends and a new one begins by reconciling every station
/// with the ledger. Nothing that was in memory survives, so nothing in memory can be wrong.
struct ForecastService: Service {
    /// The longest that a committed reading waits when its NOTIFY was lost or silenced.
    private static let poll = Duration.milliseconds(500)
    /// How often a standby tries to become the active daemon.
    private static let standbyPoll = Duration.seconds(1)

    /// Every statement of the loop goes by an index, in up to a hundred partitions: planning each anew takes longer than
    /// running it, and a sequential scan over one of them never pays.
    static let planning = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"

    /// A server that finds its client gone within seconds, so that the lock of a daemon that was killed in the middle of a
    /// statement, or whose machine has vanished, is free again. Not every platform can.
    private static let attention = """
        SET client_connection_check_interval = '2s';
        SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3
        """

    /// NOTIFY here says that a training run waits.
    private static let trainingChannel = "hazecast_training"

    let settings: LiveSettings
    let retraining: Retraining
    let logger: Logger

    func run() async throws {
        ServiceManager.report(.service, "connecting to the database")
        do {
            try await withGracefulShutdownHandler {
                try await cancelWhenGracefulShutdown { try await keepServing() }
            } onGracefulShutdown: {
                ServiceManager.stopping()
            }
        } catch is CancellationError {
            logger.info("stopped")
        }
    }

    /// - Throws: `CancellationError` at a clean stop, or what no waiting mends.
    private func keepServing() async throws {
        var backoff = Backoff()
        var heartbeat = Heartbeat()
        var isSettled = false
        var isReady = false
        // The start is over once it serves, stands by, or waits: systemd need not wait with it.
        func sayReady() {
            if !isReady { ServiceManager.ready() }
            isReady = true
        }
        var troubles = Troubles()
        while true {
            // Not since it began: to find out that nobody answers takes as long as a success would.
            var worksSince: ContinuousClock.Instant?
            do {
                try await session(&heartbeat, after: &troubles) {
                    isSettled = true
                    worksSince = worksSince ?? .now
                    sayReady()
                }
            } catch {
                Watchdog.progress.made()
                if Task.isCancelled { throw CancellationError() }
                if !isSettled, Self.isFinal(error) { throw error }
                if let error = error as? DaemonError, error.code == .reconfigured {
                    logger.notice("\(error)")
                    backoff.reset()
                    troubles.session = Trouble()
                    continue
                }
                if let worksSince, ContinuousClock.now - worksSince > Trouble.stable {
                    backoff.reset()
                    troubles.session = Trouble()
                }
                let delay = backoff.next()
                let isNews = troubles.session.fails(with: "\(error)")
                var metadata: Logger.Metadata = ["retry_in": "\(Int(delay / .milliseconds(1))) ms"]
                if let state = (error as? PostgresError)?.sqlState { metadata["sqlstate"] = "\(state)" }
                logger.log(level: isNews ? .error : .debug, "\(error)", metadata: metadata)
                let since = troubles.session.since?.formatted(.iso8601) ?? ""
                ServiceManager.report(.service, "not serving since \(since): \(error)")
                sayReady()
                try await Task.sleep(for: delay)
            }
        }
    }

    private static func isFinal(_ error: any Error) -> Bool {
        switch error {
        case let error as PostgresError: error.recovery == .stop
        // An upgrade replaces the binary first and the schema after it.
        case let error as DaemonError: ![.lostLock, .reconfigured, .oldSchema].contains(error.code)
        default: true
        }
    }

    /// One connection's life: standby, then active until something fails; it never returns without an error.
    ///
    /// - Parameters:
    ///   - troubles: what there was until now.
    ///   - onSettled: called once it is a standby or serves: from then on somebody relies on it.
    private func session(
        _ heartbeat: inout Heartbeat, after troubles: inout Troubles, onSettled: () -> Void
    ) async throws {
        let conninfo = settings.current.database
        let connection = try await Connection.connect(conninfo, applicationName: "hazecast")
        var probing: Task<Void, Never>?
        defer { probing?.cancel() }
        do {
            // Not what libpq takes for it, which a pooler makes up.
            let process = try await connection.query("SELECT pg_backend_pid()", timeout: .seconds(10))
                .single().decode(Int32.self, at: 0)
            let probe = HalfOpenProbe(connection: connection, conninfo: conninfo, logger: logger)
            probing = Task { await probe.watch(process) }
            try await Migrator.check(connection)
            try await PoolerProbe.refuse(connection, conninfo: conninfo)
            try await connection.run(script: Self.planning)
            try await lookAfterClients(connection)
            try await standBy(on: connection, to: conninfo, &heartbeat, onSettled: onSettled)
            // While it stood by, a newer program may have migrated the schema.
            try await Migrator.check(connection)
            let notifications = try await connection.listen(
                to: ["hazecast_arrival", "hazecast_model", Self.trainingChannel])
            let attachments = Task { [logger] in
                var upkeep = AttachmentUpkeep()
                await upkeep.run(for: process, at: conninfo, logger: logger)
            }
            defer { attachments.cancel() }
            // On the connection's thread, so that a statement costs no change of it.
            try await withTaskExecutorPreference(connection.thread) {
                try await serve(
                    on: connection, to: conninfo, notifications, &heartbeat, after: &troubles, onSettled: onSettled)
            }
        } catch {
            // Not in this task: a cancelled one could not say goodbye.
            let goodbye = heartbeat
            let reason = Task.isCancelled ? "the service was stopped" : "the daemon's session ended: \(error)"
            await Task {
                await retraining.end(because: reason, on: connection)
                try? await goodbye.end(on: connection)
                await connection.close()
            }.value
            throw error
        }
    }

    private func lookAfterClients(_ connection: Connection) async throws(PostgresError) {
        do {
            try await connection.run(script: Self.attention)
        } catch  where error.code == .server {
            logger.debug("the server cannot look after its clients: \(error)")
        }
    }

    /// The loop has done a step.
    ///
    /// - Throws: `DaemonError.Code.reconfigured` when a reload has named another database than the one at hand.
    private func step(at conninfo: String) throws(DaemonError) {
        Watchdog.progress.made()
        if settings.current.database != conninfo {
            throw DaemonError(.reconfigured, "the configuration names another database: connecting to it")
        }
    }

    private func standBy(
        on connection: Connection, to conninfo: String, _ heartbeat: inout Heartbeat, onSettled: () -> Void
    ) async throws {
        var hasWaited = false
        while try await !Leadership.tryToTake(on: connection) {
            if !hasWaited {
                logger.notice("standby: another daemon works this database")
                ServiceManager.report(.service, "standby: another daemon works this database")
                try await retraining.standBy(on: connection)
                hasWaited = true
            }
            try await heartbeat.beat(.standby, model: nil, on: connection)
            onSettled()
            try step(at: conninfo)
            try await Task.sleep(for: Self.standbyPoll)
        }
    }

    private func serve(
        on connection: Connection, to conninfo: String, _ notifications: Notifications, _ heartbeat: inout Heartbeat,
        after troubles: inout Troubles, onSettled: () -> Void
    ) async throws {
        // A wake says that something may have happened, and one may stand for several; the flag says what it was.
        let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let isNotified = Atomic(false)
        let hints = Task(executorPreference: connection.thread) {
            defer { waker.finish() }
            for try await notification in notifications {
                if notification.channel == Self.trainingChannel { await retraining.hint() }
                isNotified.store(true, ordering: .releasing)
                waker.yield()
            }
        }
        let timer = Task(executorPreference: connection.thread) {
            while !Task.isCancelled {
                waker.yield()
                try await Task.sleep(for: Self.poll)
            }
        }
        defer {
            hints.cancel()
            timer.cancel()
        }
        var work = Work(connection: connection, logger: logger)
        var upkeep = PartitionUpkeep()
        await retraining.serve()
        for await _ in wakes {
            var isDue = isNotified.exchange(false, ordering: .acquiring) || work.book == nil
            var isSettling = false
            repeat {
                // Before the first turn: without a partition of its month a forecast has no place.
                try await upkeep.runIfDue(on: connection, after: &troubles.partitions, logger: logger)
                if isDue {
                    try await work.turn(after: &troubles)
                    onSettled()
                }
                work.log.flush()
                try await heartbeat.beat(
                    .active, model: work.models?.fallback.name, refusal: work.models?.refusal, on: connection)
                try await retraining.look(on: connection)
                isSettling = try await work.live.step(
                    on: connection, models: &work.models, after: &troubles.days, logger: logger)
                isDue = try await work.isDue()
                try step(at: conninfo)
            } while isDue || isSettling
        }
        try Task.checkCancellation()
        try await hints.value
        throw PostgresError(.connectionLost, "the connection was closed", operation: "LISTEN")
    }
}

/// What the active daemon carries from turn to turn.
private struct Work {
    let connection: Connection
    let logger: Logger
    var book: StationBook?
    var models: ActiveModels?
    var live = LiveUpkeep()
    var log: ActivityLog

    init(connection: Connection, logger: Logger) {
        self.connection = connection
        self.logger = logger
        log = ActivityLog(logger: logger)
    }

    mutating func isDue() async throws(PostgresError) -> Bool {
        let poll = try await Feed.poll(on: connection)
        return poll.isWaiting || book?.hasDue(now: poll.now) == true
    }

    mutating func turn(after troubles: inout Troubles) async throws {
        let began = ContinuousClock.now
        let isFirst = book == nil
        let times = TurnTimes()
        let result = try await Turn.run(on: connection, book: &book, models: &models, times: times)
        if let refusal = result.refusal {
            logger.log(level: troubles.models.fails(with: refusal) ? .error : .debug, "\(refusal)")
        } else if models?.refusal == nil {
            troubles.models.succeeds()
        }
        if !result.hadWork { return }
        if let failure = result.alerts.failure {
            let isNews = troubles.alerts.fails(with: failure)
            logger.log(level: isNews ? .error : .debug, "alerts were not evaluated: \(failure)")
        } else {
            troubles.alerts.succeeds()
        }
        if result.loaded > 0 { live.lookForHistory() }
        let stations = book?.entries.count ?? 0
        let model = models?.fallback.name ?? ""
        let took = ContinuousClock.now - began
        log.add(result, took: took, model: model)
        if logger.logLevel <= .debug {
            var metadata: Logger.Metadata = ["turn_ms": "\(took.milliseconds)", "forecasts": "\(result.forecasts)"]
            for (step, duration) in times.steps { metadata["\(step)_ms"] = "\(duration.milliseconds)" }
            logger.debug("turn", metadata: metadata)
        }
        if isFirst {
            // What loading the windows needed is not needed again.
            return_free_memory()
            var metadata: Logger.Metadata = ["stations": "\(stations)", "model": "\(model)"]
            let failures = troubles.session.failures
            if failures > 0 { metadata["failures"] = "\(failures)" }
            let isNews = failures == 0 || troubles.session.isNews("serving")
            logger.log(level: isNews ? .notice : .debug, "serving", metadata: metadata)
        }
        let origin = result.newestOrigin.map { ", newest origin \($0)" } ?? ""
        ServiceManager.report(.service, "serving \(stations) stations with \(model)\(origin)")
    }
}

extension Duration {
    /// With three decimals.
    fileprivate var milliseconds: Double { (self / .microseconds(1)).rounded() / 1_000 }
}
