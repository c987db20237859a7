import ArgumentParser
import Forecast
import Foundation
import Ingest
import Postgres
import UnixSignals

/// `hazecast demo`: the whole way of a reading on a private server, in a minute.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Replay real readings through a private PostgreSQL and show the forecasts.",
        discussion: """
            Starts a PostgreSQL server of its own in a directory below /tmp; nothing else on the machine is touched, and \
            it is removed afterwards. The readings are beijing-pm25-2010-2014.csv in HAZECAST_DATA_DIR or ./data; without \
            them a simulator stands in.
            """)

    @Option(help: "File of UCI data set 381, \"Beijing PM2.5\".")
    var data: String?

    @Option(help: "Hours that are replayed one by one.")
    var hours = 14 * 24

    @Flag(help: "Leave the server running and the daemon at work, and say how to reach them.")
    var keep = false

    func validate() throws {
        guard hours >= 25 else {
            throw ValidationError("--hours must be at least 25: the chart shows a day that is over")
        }
    }

    func run() async throws {
        let series = try DemoSeries.load(data)
        guard series.series.hours.count > hours + StationWindow.hours else {
            throw DaemonError(.configuration, "--hours \(hours) is more than the file has")
        }
        let directory = URL(filePath: "/tmp/hazecast-demo-\(ProcessInfo.processInfo.processIdentifier)")
        let cluster = try PrivateCluster(directory: directory.path())
        print("Starting a private PostgreSQL in \(directory.path()) …")
        try await cluster.start()
        let daemon = Process()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await play(series, on: cluster, daemon: daemon)
                    if keep {
                        print(
                            "\nThe server and the daemon go on until Ctrl-C. Ask them:\n\n    psql '\(cluster.conninfo())'"
                        )
                        try await Task.sleep(for: .seconds(365 * 86_400))
                    }
                }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { break }
                }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            await Self.end(daemon, cluster)
            throw error
        }
        await Self.end(daemon, cluster)
        print("\nThe private PostgreSQL is stopped and removed.")
    }

    private func play(_ series: DemoSeries, on cluster: PrivateCluster, daemon: Process) async throws {
        let connection = try await Connection.connect(cluster.conninfo(), applicationName: "hazecast demo")
        try await Migrator.migrate(connection)
        let allHours = series.series.hours
        let start = allHours.upperBound.advanced(by: -hours)
        var history = series.readings(in: allHours.lowerBound..<start).makeIterator()
        let counts = try await Importer(connection: connection).write { history.next() }
        print("Loaded \(series.description):\n\(counts.new) hours up to \(start.advanced(by: -1)).")

        try Self.launch(daemon, conninfo: cluster.conninfo(), log: cluster.directory + "/daemon.log")
        print(
            "Started `hazecast run`. Replaying the last \(hours) hours, each by one INSERT, each after the forecast before …"
        )
        let station = try await connection.query("SELECT id FROM hazecast.station").single().decode(Int32.self, at: 0)
        let replay = Replay(connection: connection, station: station)
        var delays: [Duration] = []
        for reading in series.readings(in: start..<allHours.upperBound) {
            if let delay = try await replay.write(reading.measures, at: reading.hour) { delays.append(delay) }
        }
        delays.sort()
        let median = delays[delays.count / 2] / .milliseconds(1)
        print("From before the INSERT until SQL shows the forecast: median \((median * 10).rounded() / 10) ms.\n")

        let report = DemoReport(connection: connection, station: series.station)
        print("What you ask:\n\n\(DemoReport.question)\n\n\(try await report.latest())\n")
        let origin = allHours.upperBound.advanced(by: -25)
        print("The forecast of \(origin) (○) beside what was observed (●; ◉ both), µg/m³ by UTC hour:\n")
        print(try await report.chart(origin: origin))
        print(
            "\nHow good the replayed forecasts were beside persistence, \"it stays as it is\" (skill = 1 − MSE / its MSE):\n"
        )
        print(try await report.scores(since: start))
        await connection.close()
    }

    /// Prints at once: a pipe must see each line when it is written, as a terminal does.
    private func print(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private static func launch(_ daemon: Process, conninfo: String, log: String) throws {
        guard FileManager.default.createFile(atPath: log, contents: nil), let file = FileHandle(forWritingAtPath: log)
        else {
            throw DaemonError(.file, "cannot write \(log)")
        }
        daemon.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        daemon.arguments = ["run", "--database", conninfo]
        daemon.standardError = file
        try daemon.run()
    }

    private static func end(_ daemon: Process, _ cluster: PrivateCluster) async {
        if daemon.isRunning {
            daemon.terminate()
            daemon.waitUntilExit()
        }
        await cluster.remove()
    }
}
