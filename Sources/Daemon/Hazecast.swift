import ArgumentParser
import CLinux
import Foundation
import Postgres

/// The `hazecast` command.
@main
struct Hazecast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hazecast",
        abstract: "PM2.5 forecasts beside the readings in your own PostgreSQL.",
        version: version,
        subcommands: [
            RunCommand.self, MigrateCommand.self, ImportCommand.self, SimulateCommand.self, TrainCommand.self,
            BacktestCommand.self, StatusCommand.self, DoctorCommand.self, ReloadCommand.self, DemoCommand.self,
            ServeCommand.self, MetricsCommand.self, TrainerCommand.self,
        ]
    )

    static func main() async {
        // Every command may have a password in memory, and readings.
        _ = forbid_core_files()
        do {
            var command = try parseAsRoot(joined(arguments))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            // As `exit(withError:)` does it, but that an error may hold names that others chose.
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            let output = code == .success ? FileHandle.standardOutput : .standardError
            if !text.isEmpty { try? output.write(contentsOf: Data((text.printable(keepingLines: true) + "\n").utf8)) }
            Foundation.exit(code.rawValue)
        }
    }

    /// What the program was called with.
    ///
    /// Swift finds it beside the environment, and nothing at all where a preloaded library has put that elsewhere.
    private static var arguments: [String] {
        if CommandLine.argc > 0 { return Array(CommandLine.arguments.dropFirst()) }
        let line = FileManager.default.contents(atPath: "/proc/self/cmdline") ?? Data()
        return line.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Joins `--missing --` to `--missing=--`: only so do the options of `import` take values that begin with dashes.
    private static func joined(_ arguments: [String]) -> [String] {
        guard arguments.first == "import" else { return arguments }
        var joined: [String] = []
        for argument in arguments {
            if let last = joined.last, ["--missing", "--error-code"].contains(last), argument.hasPrefix("-") {
                joined[joined.count - 1] = "\(last)=\(argument)"
            } else {
                joined.append(argument)
            }
        }
        return joined
    }

    /// The version of this binary, as `--version`, `hazecast.daemon` and the package say it.
    static let version = "0.1.0"
}
