import ArgumentParser
import CLinux
import Foundation
import Postgres

/// The `hazecast-web` program; `hazecast serve` and `hazecast metrics` run it.
@main
struct HazecastWeb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hazecast-web",
        abstract: "Pages and metrics of a Hazecast database, read-only.",
        version: version,
        subcommands: [ServeCommand.self, MetricsCommand.self], defaultSubcommand: ServeCommand.self)

    /// The version of this binary: that of `hazecast`, with which it is built and packaged.
    static let version = "0.1.0"

    static func main() async {
        // A password may be in memory.
        _ = forbid_core_files()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            let output = code == .success ? FileHandle.standardOutput : .standardError
            if !text.isEmpty { try? output.write(contentsOf: Data((text.printable(keepingLines: true) + "\n").utf8)) }
            Foundation.exit(code.rawValue)
        }
    }

    /// One line for the journal.
    static func log(_ message: String) {
        try? FileHandle.standardError.write(contentsOf: Data((message.printable() + "\n").utf8))
    }
}

/// A setting or a place that cannot be used, in one line.
struct WebError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
