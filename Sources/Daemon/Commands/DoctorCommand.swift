import ArgumentParser
import Foundation

/// `hazecast doctor`: what the service relies on, one line each.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check configuration, connection, rights, schema, partitions, LISTEN, clock, model and service.",
        discussion: """
            Each line says how one thing is and what to do about it. The status is 1 when something has failed; warnings \
            are not failures.
            """)

    @OptionGroup var options: DatabaseOptions

    @Flag(help: "Only what takes no time; a database that is away is no failure. For ExecStartPre= of a unit.")
    var quick = false

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Report: Encodable {
        let healthy: Bool
        let checks: [Doctor.Finding]
    }

    func run() async throws {
        var doctor = Doctor(isQuick: quick)
        do {
            await doctor.examine(try await options.settings())
        } catch {
            doctor.add("configuration", .failure, "\(error)")
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let report = Report(healthy: doctor.isHealthy, checks: doctor.findings)
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            for finding in doctor.findings {
                print(Self.padded(finding.state.rawValue, 9) + Self.padded(finding.check, 15) + finding.message)
            }
        }
        if !doctor.isHealthy { throw ExitCode.failure }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }
}
