import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// What became of the wish for a training run.
enum RetrainingAnswer: Equatable {
    /// A run has been asked for.
    case accepted
    /// One is under way; it serves this wish too.
    case joined
    /// The database is away; the wish is carried to it when it is back.
    case kept
    /// Another daemon works this database; only the configuration was reloaded.
    case standby
    /// Nothing came of it, for this reason.
    case refused(String)

    /// For a person.
    var description: String {
        switch self {
        case .accepted: "training accepted"
        case .joined: "joined the training that is under way"
        case .kept: "training kept until the database is back"
        case .standby: "standby: no training"
        case .refused(let reason): "no training: \(reason)"
        }
    }
}

/// Answers SIGHUP: reads the configuration anew and asks for a training run.
///
/// systemd hears RELOADING first of all and READY always; `hazecast reload` waits for the answer that is left for it.
struct Reload: Service {
    /// Trapped before systemd is told that the service is ready.
    let signals: UnixSignalsSequence
    let settings: LiveSettings
    /// Reads and checks the configuration as the start did.
    let load: @Sendable () async throws -> Settings
    /// Asks for a training run; returns when the wish is safe, not when the run is over. nil where nothing can train.
    let requestRetraining: (@Sendable () async -> RetrainingAnswer)?
    let logger: Logger

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            let began = ServiceManager.reloading()
            let answer = await answer(began)
            ServiceManager.report(
                .reload, answer.hasFailed ? "reload at \(Date.now.formatted(.iso8601)) failed: \(answer.message)" : nil)
            ServiceManager.ready()
            do {
                try answer.write()
            } catch {
                logger.error("the answer to the reload cannot be left for `hazecast reload`: \(error)")
            }
        }
    }

    private func answer(_ began: UInt64) async -> ReloadAnswer {
        do {
            settings.current = try await load()
        } catch {
            logger.error("not reloaded, the settings before hold: \(error)")
            return ReloadAnswer(began: began, hasFailed: true, message: "\(error)")
        }
        LogThreshold.set(settings.current.logLevel)
        let retraining = await requestRetraining?()
        let message = ["configuration reloaded", retraining?.description].compactMap { $0 }.joined(separator: "; ")
        var hasFailed = false
        if case .refused = retraining { hasFailed = true }
        logger.log(level: hasFailed ? .error : .notice, "\(message)")
        return ReloadAnswer(began: began, hasFailed: hasFailed, message: message)
    }
}

/// What a reload came to, left in the unit's runtime directory for `hazecast reload`.
struct ReloadAnswer: Codable, Equatable {
    /// When the daemon began with it, in µs of the monotonic clock.
    let began: UInt64
    let hasFailed: Bool
    /// For a person.
    let message: String

    private static let name = "reload.json"

    /// Where systemd has made a directory for the unit; nil without systemd.
    static var directory: String? { ProcessInfo.processInfo.environment["RUNTIME_DIRECTORY"] }

    /// Puts the answer in the place of the one before; without effect where there is no runtime directory.
    func write() throws {
        guard let directory = Self.directory else { return }
        try JSONEncoder().encode(self).write(to: URL(filePath: directory).appending(path: Self.name), options: .atomic)
    }

    /// The last answer in a directory.
    static func read(in directory: String) -> ReloadAnswer? {
        guard let data = try? Data(contentsOf: URL(filePath: directory).appending(path: name)) else { return nil }
        return try? JSONDecoder().decode(ReloadAnswer.self, from: data)
    }
}
