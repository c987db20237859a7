import Foundation
import Postgres
import TestSupport

extension MigratedDatabase {
    /// Runs one of the server's own programs on the database and returns its output.
    func program(_ name: String, _ arguments: [String], input: String = "") async throws -> String {
        let directory = try await value("SELECT setting FROM pg_config WHERE name = 'BINDIR'", as: String.self)
        let output = try await Executable(path: "\(directory)/\(name)").run(
            ["--dbname", conninfo] + arguments, environment: ["PGTZ": "UTC"], input: input)
        guard output.status == 0 else { throw ProgramFailure(description: "\(name): \(output.standardError)") }
        return output.standardOutput
    }

    struct ProgramFailure: Error, CustomStringConvertible { let description: String }
}

/// The schema as `pg_dump` writes it, without what differs from day to day and from version to version: the partitions
/// of years and months, comments, settings and blank lines.
struct SchemaDump {
    let lines: [String]

    init(_ database: MigratedDatabase) async throws {
        let dump = try await database.program(
            "pg_dump",
            [
                "--schema-only", "--no-owner", "--schema=hazecast", "--exclude-table=hazecast.reading_[0-9]*",
                "--exclude-table=hazecast.forecast_ledger_[0-9]*",
            ])
        let noise = ["--", "SET ", "SELECT pg_catalog.set_config", "\\"]
        lines = dump.components(separatedBy: "\n").filter { line in
            !line.isEmpty && !noise.contains { line.hasPrefix($0) }
        }
    }
}
