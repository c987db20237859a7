import Foundation
import TestSupport
import Testing

/// Exports of networks and instruments, each loaded by one command per kind of file.
@Suite(.enabled(if: !ImportCase.names.isEmpty, "there are no cases here"))
struct ImportCaseTests {
    /// Runs `import` and returns how many rows it has rejected.
    private func load(_ arguments: [String], _ database: MigratedDatabase) async throws -> Int {
        let output = try await Executable.hazecast.run(
            ["import", "--json"] + arguments, environment: ["HAZECAST_DATABASE": database.conninfo])
        #expect(output.status == 0, "\(output.standardError)")
        struct Report: Decodable {
            struct Total: Decodable { let rejected: Int }
            let total: Total
        }
        return try JSONDecoder().decode(Report.self, from: Data(output.standardOutput.utf8)).total.rejected
    }

    @Test(arguments: ImportCase.names)
    func whatAUserSaysOfAFileGivesItsHours(name: String) async throws {
        let one = try ImportCase.named(name)
        try await MigratedDatabase.with { database in
            var rejected = 0
            for table in one.given.tables {
                rejected += try await load(table.arguments + [ImportCase.folder + table.file], database)
            }
            if let expected = one.rejected_rows { #expect(rejected == expected) }
            try await one.check(database)
        }
    }

    /// Cases by a format's name, and the little that has to be said besides.
    private static let named: [(name: String, arguments: [String])] = [
        ("01-purpleair-hourly", ["purpleair", "--station", "PA-149", "--column", "pm25=pm2.5_alt_a"]),
        ("01b-purpleair-epa", ["purpleair", "--station", "PA-2ch"]),
        ("02-purpleair-10min-epoch", ["purpleair", "--step", "10 minutes", "--column", "pm25=pm2.5_cf_1_a"]),
        ("04-sensor-community", ["sensor-community"]),
        ("05b-openaq-s3-archive", ["openaq"]),
        ("06-airnow-hourly", ["airnow"]),
        ("08-aqs-hourly", ["aqs", "--station", "Sample Creek", "--where", "POC=1,3"]),
        ("11-eea-e1a", ["eea"]),
        ("12-cpcb-hourly", ["cpcb", "--station", "Lake Road"]),
        ("15-airgradient", ["airgradient"]),
        ("17b-davis-iso-utf8", ["davis", "--station", "Roof 2", "--time-zone", "UTC"]),
        ("18-home-assistant-history", ["home-assistant", "--station", "Garden"]),
        ("18b-home-assistant-statistics", ["home-assistant-statistics", "--station", "Garden"]),
        ("20-influx-annotated", ["influx", "--step", "10min"]),
        ("21b-metone-mg", ["met-one", "--station", "BAM mg", "--time-zone", "UTC"]),
        ("21c-bam-iso-sentinels", ["met-one", "--station", "BAM s", "--time-zone", "UTC", "--stamps", "begin"]),
        ("75-year-month-day-hour", ["uci-multisite"]),
    ]

    @Test(arguments: named.indices)
    func aNamedFormatGivesTheHours(index: Int) async throws {
        let (name, arguments) = Self.named[index]
        let one = try ImportCase.named(name)
        try await MigratedDatabase.with { database in
            let files = one.given.tables.map { ImportCase.folder + $0.file }
            #expect(try await load(["--format"] + arguments + files, database) == one.rejected_rows ?? 0)
            try await one.check(database)
        }
    }

    @Test(arguments: named.indices)
    func theFormatOfAFileIsRecognised(index: Int) async throws {
        let (name, arguments) = Self.named[index]
        let file = try #require(try ImportCase.named(name).given.tables.first).file
        let output = try await Executable.hazecast.run(
            ["import", "--database", "host=/nowhere", ImportCase.folder + file])
        #expect(output.status == 1)
        #expect(output.standardOutput.contains("looks like --format \(arguments[0]) ("), "\(output.standardOutput)")
        #expect(
            output.standardError.contains("nothing loaded; give --format \(arguments[0])"), "\(output.standardError)")
    }
}
