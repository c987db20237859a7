import ArgumentParser
import Foundation
import Postgres

/// `hazecast migrate`: the schema, from nothing or from an older one.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Make the schema hazecast in a database, or bring it up to date.",
        discussion: """
            Safe to repeat and to start twice at once. The first time the user must be allowed to create the schema, and the \
            roles hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator and hazecast_tenant where the cluster \
            does not have them yet.
            """)

    @OptionGroup var options: DatabaseOptions

    @Option(help: "Also make this role, which may log in and do what the service needs, unless it exists.")
    var login: String?

    @Flag(help: "Remove the schema with everything in it: stations, readings, forecasts, models.")
    var remove = false

    @Flag(help: "Say what would be done and change nothing.")
    var dryRun = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let connection = try await options.connect(applicationName: "hazecast migrate")
        let report =
            remove
            ? try await Migrator.remove(connection, isDryRun: dryRun)
            : try await Migrator.migrate(connection, login: login, isDryRun: dryRun)
        await connection.close()
        print(json ? try Self.json(report) : Self.text(report))
    }

    func validate() throws {
        if remove, login != nil { throw ValidationError("--remove takes no --login") }
    }

    static func json(_ report: Migrator.Report) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    static func text(_ report: Migrator.Report) -> String {
        var lines = report.applied.map { "applied \($0)" } + report.pending.map { "would apply \($0)" }
        lines += report.models.map { "added model \($0)" }
        if let model = report.defaultModel { lines.append("\(model) is the default model") }
        if let login = report.login { lines.append("\(login) may log in as the service") }
        if let rows = report.removed {
            let what = "the schema hazecast with about \(rows) readings and forecasts"
            lines.append(report.schema == .missing ? "removed \(what)" : "would remove \(what)")
        } else {
            lines.append("the schema is \(report.schema.rawValue)")
        }
        return lines.joined(separator: "\n")
    }
}
