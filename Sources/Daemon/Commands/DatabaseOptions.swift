import ArgumentParser
import Logging
import Postgres

/// What every command that needs the database takes.
struct DatabaseOptions: ParsableArguments {
    @Option(help: "Configuration file (YAML). Default: \(Settings.defaultFile), if there is one.")
    var config: String?

    @Option(
        help: """
            libpq connection string or URI, such as 'host=db dbname=air user=hazecast'. Default: HAZECAST_DATABASE, \
            `database` in the configuration file, else libpq's own environment (PGHOST, PGDATABASE, …).
            """)
    var database: String?

    /// The settings that take effect.
    ///
    /// - Parameter flags: values of further flags by configuration key.
    func settings(flags: [String: String] = [:]) async throws -> Settings {
        var flags = flags
        flags["database"] = database
        do {
            try PasswordCredential.adopt()
        } catch {
            throw DaemonError(.configuration, error.message)
        }
        return try await Settings.load(file: config, flags: flags)
    }

    /// A connection as the settings say.
    func connect(applicationName: String) async throws -> Connection {
        try await Connection.connect(settings().database, applicationName: applicationName)
    }
}
