import ArgumentParser
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import UnixSignals

/// `hazecast run`: the daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Forecast every reading that arrives, until stopped.",
        discussion: """
            Waits as a standby while another daemon works the same database. The database may be away at the start and \
            at any later time. SIGTERM and SIGINT stop it cleanly. SIGHUP makes it read its configuration and train. A \
            configuration that cannot be used ends it with status 78.
            """)

    @OptionGroup var options: DatabaseOptions

    @Option(help: "Least severe messages to log: trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Flag(help: "Print the configuration as it takes effect and exit; nothing is connected or started.")
    var checkConfig = false

    func run() async throws {
        let options = options
        let flags = logLevel.map { ["log.level": $0] } ?? [:]
        let settings: Settings
        do {
            settings = try await options.settings(flags: flags)
        } catch {
            throw Self.refused(error)
        }
        if checkConfig {
            let database = settings.redactedDatabase.isEmpty ? "(libpq's environment)" : settings.redactedDatabase
            let values = [
                database, settings.logLevel.rawValue, settings.retrainEvery.map(SettingValue.text) ?? "off",
                SettingValue.text(bytes: settings.retrainMemory),
            ]
            for ((key, value), source) in zip(zip(Settings.keys, values), settings.sources) {
                print("\(key): \(value)  # \(source)".printable())
            }
            return
        }
        // A log that nobody reads any more must not end the daemon, nor a SIGHUP that comes before it is trapped.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        LogThreshold.set(settings.logLevel)
        LoggingSystem.bootstrap { _ in StderrLogHandler() }
        let logger = Logger(label: "hazecast")
        logger.notice(
            "starting", metadata: ["version": "\(Hazecast.version)", "database": "\(settings.redactedDatabase)"])
        let live = LiveSettings(settings)
        let retraining = Retraining(settings: live, logger: logger)
        let reload = Reload(
            signals: await UnixSignalsSequence(trapping: .sighup), settings: live,
            load: { try await options.settings(flags: flags) },
            requestRetraining: { await retraining.request(why: "reload") }, logger: logger)
        let services: [any Service] = [reload] + (ServiceManager.watchdogLimit.map { [Watchdog(limit: $0)] } ?? [])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: ForecastService(settings: live, retraining: retraining, logger: logger),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ] + services.map { .init(service: $0, successTerminationBehavior: .ignore) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "hazecast.lifecycle") { _ in StderrLogHandler(floor: .warning) }))
        do {
            try await group.run()
        } catch let error as PostgresError where error.code == .misuse {
            throw Self.refused(error)
        }
    }

    /// Not a failure like others: systemd is told (RestartPreventExitStatus=) that trying again does not mend it.
    private static func refused(_ error: any Error) -> ExitCode {
        StandardError.print("Error: \(error)")
        return ExitCode(EX_CONFIG)
    }
}
