import Foundation
import Logging
import Postgres

/// Training runs of the daemon: asks for them, starts a trainer for the one that waits, and sees to it that its record ends.
///
/// Only the active daemon trains. The service's loop calls `look` between two turns; whoever wants a run calls `request`.
actor Retraining {
    /// What the daemon is at the moment.
    private enum Role {
        /// There is no session with the database.
        case away
        case standby
        case active
    }

    /// How often to look for a run that waits or is due when nobody said that there is one.
    private static let every = Duration.seconds(10)
    /// How often the log says how far a run is.
    private static let logEvery = Duration.seconds(30)

    private let settings: LiveSettings
    private let logger: Logger
    private var role = Role.away
    /// Why a run is wanted that could not be asked for yet.
    private var kept: String?
    private var trainer: TrainerProcess?
    private var nextLook = ContinuousClock.now
    private var nextLog = ContinuousClock.now

    init(settings: LiveSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// Asks for a training run. Returns when that is safe: in the database, or here until the database is back.
    func request(why: String) async -> RetrainingAnswer {
        switch role {
        case .standby: return .standby
        case .away:
            kept = why
            return .kept
        case .active: break
        }
        do {
            // Not the loop's connection, which may be in the middle of a transaction.
            let connection = try await Connection.connect(
                settings.current.database, applicationName: "hazecast reload", timeout: .seconds(1))
            let answer: RetrainingAnswer
            do {
                answer = try await Self.request(why: why, on: connection)
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
            hint()
            return answer
        } catch {
            logger.warning("the training run is asked for later: \(error)")
            kept = why
            return .kept
        }
    }

    private static func request(why: String, on connection: Connection) async throws -> RetrainingAnswer {
        let row = try await connection.query(
            "SELECT answer FROM hazecast.request_retrain($1)", [why], timeout: .seconds(1)
        ).single()
        return try row.decode(String.self, at: 0) == "accepted" ? .accepted : .joined
    }

    /// A run may wait: the next `look` does look.
    func hint() { nextLook = .now }

    /// Another daemon works this database. It gets what was kept for the database until now.
    func standBy(on connection: Connection) async throws {
        role = .standby
        try await ask(on: connection)
    }

    /// This daemon works the database.
    func serve() {
        role = .active
        hint()
    }

    /// Asks for the run that could not be asked for before.
    private func ask(on connection: Connection) async throws {
        guard let why = kept else { return }
        _ = try await Self.request(why: why, on: connection)
        kept = nil
    }

    /// Starts, follows and records; a cheap call when there is nothing to do.
    ///
    /// - Parameter connection: no transaction is open on it.
    func look(on connection: Connection) async throws {
        if let trainer {
            report(of: trainer)
            guard let end = trainer.end else { return }
            self.trainer = nil
            ServiceManager.report(.training, nil)
            try await record(end, of: trainer.run, on: connection)
            hint()
        }
        guard ContinuousClock.now >= nextLook else { return }
        nextLook = .now + Self.every
        try await ask(on: connection)
        let every = settings.current.retrainEvery.map { Double($0.components.seconds) }
        let row = try await connection.query(
            """
            SELECT
                (SELECT id FROM hazecast.training_run WHERE state = 'waiting'),
                EXISTS (SELECT FROM hazecast.training_run WHERE state = 'running'),
                coalesce(
                    (SELECT max(requested_at) FROM hazecast.training_run WHERE state <> 'cancelled'),
                    (SELECT min(applied_at) FROM hazecast.schema_file)
                ) + make_interval(secs => $1) <= clock_timestamp()
            """, [every]
        ).single()
        var waiting = try row.decode(Int32?.self, at: 0)
        if try row.decode(Bool.self, at: 1) {
            // Somebody else's, who may be gone.
            try await connection.query("SELECT hazecast.close_lost_runs()")
        } else if waiting == nil, try row.decode(Bool?.self, at: 2) == true {
            let asked = try await connection.query("SELECT training_run FROM hazecast.request_retrain('schedule')")
            waiting = try asked.single().decode(Int32.self, at: 0)
        }
        if let waiting { start(waiting) }
    }

    private func start(_ run: Int32) {
        logger.notice("training begins", metadata: ["run": "\(run)"])
        ServiceManager.report(.training, "training run \(run) begins")
        trainer = TrainerProcess(run: run, database: settings.current.database, memory: settings.current.retrainMemory)
        nextLog = .now + Self.logEvery
    }

    private func report(of trainer: TrainerProcess) {
        guard let report = trainer.report else { return }
        let percent = "\(Int(report.progress * 100)) %"
        ServiceManager.report(.training, "training run \(report.run): \(percent), \(report.phase)")
        guard ContinuousClock.now >= nextLog else { return }
        nextLog = .now + Self.logEvery
        logger.info(
            "training", metadata: ["run": "\(report.run)", "progress": "\(percent)", "phase": "\(report.phase)"])
    }

    /// Sees to it that a run has an end when its trainer has.
    private func record(_ end: TrainerProcess.End, of run: Int32, on connection: Connection) async throws {
        let reason =
            switch end {
            case .exited(let status): "the trainer ended with status \(status) and without a word"
            case .notStarted(let reason): "the trainer could not be started: \(reason)"
            case .killed(let signal):
                "the trainer was killed by signal \(signal), by somebody or for want of memory; it may use "
                    + "\(settings.current.retrainMemory >> 20) MiB (retrain.memory)"
            }
        try await TrainingRecord.close(run, as: .failed, because: reason, on: connection)
        let row = try await connection.query(
            "SELECT state, decision FROM hazecast.training_run WHERE id = $1", [run]
        ).single()
        let state = try row.decode(String.self, at: 0)
        let decision = try row.decode(String?.self, at: 1) ?? ""
        logger.log(
            level: state == "failed" ? .error : .notice, "training \(state): \(decision)", metadata: ["run": "\(run)"])
    }

    /// The session with the database ends: so does the trainer, whose run is another daemon's affair from now on.
    ///
    /// - Parameters:
    ///   - reason: why, for the record.
    ///   - connection: tried, and no longer than two seconds.
    func end(because reason: String, on connection: Connection) async {
        role = .away
        guard let trainer else { return }
        self.trainer = nil
        trainer.kill()
        ServiceManager.report(.training, nil)
        logger.notice("training cancelled: \(reason)", metadata: ["run": "\(trainer.run)"])
        try? await TrainingRecord.close(trainer.run, as: .cancelled, because: reason, on: connection)
    }
}
