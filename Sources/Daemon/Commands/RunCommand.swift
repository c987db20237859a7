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
            at any later time. SIGTERM and SIGINT stop it cleanly.
            """)

    @OptionGroup var options: DatabaseOptions

    @Option(help: "Least severe messages to log: trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Flag(help: "Print the configuration as it takes effect and exit; nothing is connected or started.")
    var checkConfig = false

    func run() async throws {
        let settings = try await options.settings(flags: logLevel.map { ["log.level": $0] } ?? [:])
        let redacted = try ConnectionString.redacted(settings.database)
        if checkConfig {
            let values = [
                redacted.isEmpty ? "(libpq's environment)" : redacted, settings.logLevel.rawValue,
                settings.retrainEvery.map(SettingValue.text) ?? "off", SettingValue.text(bytes: settings.retrainMemory),
            ]
            for ((key, value), source) in zip(zip(Settings.keys, values), settings.sources) {
                print("\(key): \(value)  # \(source)")
            }
            return
        }
        // A log that nobody reads any more must not end the daemon, nor must a terminal that hangs up.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        let level = settings.logLevel
        LoggingSystem.bootstrap { _ in StderrLogHandler(level: level) }
        let logger = Logger(label: "hazecast")
        logger.notice("starting", metadata: ["version": "\(Hazecast.version)", "database": "\(redacted)"])
        let retraining = Retraining(settings: { settings }, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: ForecastService(conninfo: settings.database, retraining: retraining, logger: logger),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "hazecast.lifecycle") { _ in StderrLogHandler(level: max(level, .warning)) }))
        try await group.run()
    }
}
