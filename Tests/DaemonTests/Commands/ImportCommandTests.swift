import Foundation
import Postgres
import TestSupport
import Testing

/// `hazecast import` and `hazecast simulate` as a user runs them.
@Suite struct ImportCommandTests {
    private let header = "station,observed_at,pm25"

    /// Runs the binary against a database of the test's own.
    private func hazecast(
        _ arguments: [String], on conninfo: String, input: String = ""
    ) async throws -> Executable.Output {
        try await Executable.hazecast.run(
            arguments, environment: ["HAZECAST_DATABASE": conninfo], input: input)
    }

    private func withSchema(_ body: (_ conninfo: String) async throws -> Void) async throws {
        try await TestDatabase.withDatabase { conninfo in
            #expect(try await hazecast(["migrate"], on: conninfo).status == 0)
            try await body(conninfo)
        }
    }

    private func readings(_ conninfo: String) async throws -> Int64 {
        let connection = try await Connection.connect(conninfo, applicationName: "test")
        let count = try await connection.query("SELECT count(*) FROM hazecast.reading").single()
        await connection.close()
        return try count.decode(Int64.self, at: 0)
    }

    @Test func theSummaryCountsEveryRow() async throws {
        try await withSchema { conninfo in
            let input = [header, "a,2026-01-05T07:00Z,1", "a,2026-01-05T07:30Z,2", "b,2026-01-05T07:00Z,3"]
                .joined(separator: "\n")
            let arguments = ["import", "--format", "csv", "-"]
            let first = try await hazecast(arguments, on: conninfo, input: input)
            #expect(first.status == 0)
            #expect(
                first.standardOutput
                    == "-: 2 readings: 2 new, 0 changed, 0 unchanged; 1 rows rejected; stations added: 2\n")
            #expect(first.standardError == "-:3: the time is no whole hour; --step says how long a row stands for\n")
            let second = try await hazecast(arguments + ["--json"], on: conninfo, input: input)
            #expect(second.standardOutput.contains("\"new\":0"))
            #expect(second.standardOutput.contains("\"unchanged\":2"))
            #expect(try await readings(conninfo) == 2)
        }
    }

    @Test func rejectedRowsAreShownUpToTwentyAndKeptInAFile() async throws {
        try await withSchema { conninfo in
            let path = FileManager.default.temporaryDirectory.appending(path: "rejects-\(UUID().uuidString)").path()
            defer { try? FileManager.default.removeItem(atPath: path) }
            let input = ([header] + (1...25).map { _ in "a,never,1" }).joined(separator: "\r\n")
            let output = try await hazecast(
                ["import", "--format", "csv", "--rejects", path, "-"], on: conninfo, input: input)
            // Nothing is left of the file, which is an error.
            #expect(output.status == 1)
            let shown = output.standardError.split(separator: "\n")
            #expect(shown.count == 22)
            #expect(shown.first == "-:2: observed_at: 'never' is not a date and time such as 2014-12-31T15:00Z")
            #expect(shown[20] == "-: … and 5 more; all are in \(path)")
            #expect(shown[21] == "Error: -: nothing loaded: all 25 rows rejected; is it the right --format?")
            #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 25)
        }
    }

    @Test func whatCannotBeLoadedIsOneLineAndNothingIsWritten() async throws {
        try await withSchema { conninfo in
            let good = "\(header)\na,2026-01-05T07:00Z,1\n"
            let cases: [(arguments: [String], input: String, message: String)] = [
                (["-", "/no/such/file"], good, "Error: /no/such/file: cannot be read: No such file or directory\n"),
                (["-"], "", "Error: -: has no header line\n"),
                (
                    ["-", "--column", "pm25=dust"], good,
                    "Error: -: no column 'dust' in the header; it has station, observed_at, pm25\n"
                ),
                (
                    ["-", "--strict"], good + "a,never,1",
                    """
                    Error: -: nothing written: 1 rows rejected, the first on line 3: observed_at: 'never' is not a date \
                    and time such as 2014-12-31T15:00Z\n
                    """
                ),
            ]
            for item in cases {
                let output = try await hazecast(
                    ["import", "--format", "csv"] + item.arguments, on: conninfo, input: item.input)
                #expect(output.status == 1)
                #expect(output.standardError == item.message)
                #expect(output.standardOutput == "")
            }
            #expect(try await readings(conninfo) == 0)
        }
    }

    @Test func aDatabaseWithoutTheSchemaSaysWhatToDo() async throws {
        try await TestDatabase.withDatabase { conninfo in
            let output = try await hazecast(
                ["import", "--format", "csv", "-"], on: conninfo, input: "\(header)\na,2026-01-05T07:00Z,1\n")
            #expect(output.status == 1)
            #expect(output.standardError == "Error: the schema hazecast is missing: run `hazecast migrate`\n")
        }
    }

    @Test func simulatingTwiceChangesNothing() async throws {
        try await withSchema { conninfo in
            let arguments = [
                "simulate", "--stations", "3", "--hours", "40", "--start", "2026-01-05T07:00Z", "--seed", "7", "--json",
            ]
            let first = try await hazecast(arguments, on: conninfo)
            let count = try await readings(conninfo)
            #expect((100...120).contains(count))
            #expect(first.standardOutput.contains("\"new\":\(count),"))
            #expect(first.standardOutput.contains("\"to\":\"2026-01-06T22:00Z\""))
            let second = try await hazecast(arguments + ["--rate", "1000"], on: conninfo)
            #expect(second.standardOutput.contains("\"unchanged\":\(count)}"))
        }
    }
}
