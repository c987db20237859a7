import ArgumentParser
import Foundation
import Postgres

/// `hazecast metrics`: what `/metrics` says, for node_exporter's textfile collector.
struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print metrics in Prometheus' text format.",
        discussion: """
            For node_exporter's textfile collector: write to a temporary file in its directory and rename it. The \
            status is 1, and hazecast_up 0, when the database cannot be reached.
            """)

    @OptionGroup var options: WebOptions

    @Flag(
        name: .customLong("openmetrics"), help: "Print OpenMetrics instead, which the textfile collector cannot read.")
    var openMetrics = false

    func run() async throws {
        let database = Database(try options.settings().database)
        do throws(PostgresError) {
            let exposition = try await Metrics.exposition(database)
            Self.write(openMetrics ? exposition.openMetrics : exposition.text)
        } catch {
            Self.write(String(decoding: Metrics.down(openMetrics: openMetrics).body, as: UTF8.self))
            HazecastWeb.log(error.message)
            throw ExitCode.failure
        }
        await database.close()
    }

    private static func write(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
}
