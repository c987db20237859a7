import ArgumentParser
import Forecast
import Foundation
import Ingest
import Postgres

/// `hazecast demo`: the whole way of a reading on a private server, in a minute.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Replay real readings through a private PostgreSQL and show the forecasts.",
        discussion: """
            Starts a PostgreSQL server of its own in a temporary directory; nothing else on the machine is touched, and it \
            is removed afterwards. The readings are beijing-pm25-2010-2014.csv in HAZECAST_DATA_DIR or ./data; without \
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
        let directory = try Self.makeDirectory()
        let cluster = PrivateCluster(directory: directory.appending(path: "postgres").path())
        print("Starting a private PostgreSQL in \(directory.path()) …")
        try await cluster.start()
        let daemon = Process()
        do {
            try await play(on: cluster, daemon: daemon, directory: directory)
        } catch {
            await Self.end(daemon, cluster, directory)
            throw error
        }
        if keep {
            let conninfo = cluster.conninfo(database: "postgres")
            print("\nThe server and the daemon go on. Ask them:  psql '\(conninfo)'")
            print("End them with Ctrl-C.")
            try? await Self.untilInterrupted()
        }
        await Self.end(daemon, cluster, directory)
    }

    private func play(on cluster: PrivateCluster, daemon: Process, directory: URL) async throws {
        let conninfo = cluster.conninfo(database: "postgres")
        let connection = try await Connection.connect(conninfo, applicationName: "hazecast demo")
        try await Migrator.migrate(connection)
        let series = try Self.series(data, hours: hours)
        let replayStart = series.hours.upperBound.advanced(by: -hours)

        let importer = Importer(connection: connection)
        let station = try await importer.station(named: series.station)
        let history = series.rows.prefix { $0.hour < replayStart }
        try await importer.write(history)
        print("Loaded \(history.count) hourly readings of \(series.station), up to \(replayStart.advanced(by: -1)).")

        try Self.launch(daemon, conninfo: conninfo, log: directory.appending(path: "daemon.log"))
        print("Started `hazecast run`. Replaying \(hours) hours, one INSERT an hour, each after the forecast before …")
        let replay = Replay(connection: connection, station: station)
        var delays: [Duration] = []
        for row in series.rows.suffix(from: history.endIndex) {
            delays.append(try await replay.write(row.measures, at: row.hour))
        }
        delays.sort()
        print("From INSERT to a forecast that SQL can read: median \(Self.milliseconds(delays[delays.count / 2])).\n")

        let report = DemoReport(connection: connection, station: series.station)
        print("What you ask:\n\n\(DemoReport.question)\n\n\(try await report.latest())\n")
        let origin = series.hours.upperBound.advanced(by: -25)
        print("The forecast of \(origin) (○) beside what was observed (●), µg/m³ by hour (UTC):\n")
        print(try await report.chart(origin: origin))
        print("\nHow well the replayed forecasts did; skill is 1 − MSE / MSE of \"it stays as it is\":\n")
        print(try await report.scores(since: replayStart))
        await connection.close()
    }
}
