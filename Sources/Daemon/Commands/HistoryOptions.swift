import ArgumentParser
import Forecast
import Foundation
import Ingest
import Postgres

/// What a model is trained on: `--data FILE`, or `--station NAME` of the database.
struct HistoryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A UCI Beijing PM2.5 or multi-site file of one station.", valueName: "file"))
    var data: String?

    @Option(help: ArgumentHelp("A station of the database, instead of --data.", valueName: "name"))
    var station: String?

    @Option(
        help: ArgumentHelp(
            "With --station: the first hour to learn from, such as 2024-03-01 or 2024-03-01T00:00Z; all by default.",
            valueName: "date"))
    var since: String?

    @OptionGroup var database: DatabaseOptions

    /// Whether one of the two is named, and nothing that does not go with it.
    func check() throws {
        guard (data == nil) != (station == nil) else {
            throw ValidationError(
                data == nil
                    ? "say what to train on: --data FILE, or --station NAME of the database"
                    : "--data and --station exclude each other: train on a file, or on a station of the database")
        }
        guard since == nil || station != nil else {
            throw ValidationError("--since goes with --station; a file is read as a whole")
        }
        _ = try firstHour()
    }

    /// Reads the history and, where one is named, the model to start from. Nothing of the database stays open.
    ///
    /// - Parameter start: a model file or, with `--station`, the name of a model in the database.
    /// - Throws: one line that says what is not there.
    func load(startingFrom start: String?) async throws -> (series: HourlySeries, start: Model?) {
        if let data {
            return (try SeriesOption.series(of: data), try start.map(ModelFile.read))
        }
        let connection = try await database.connect(applicationName: "hazecast train")
        do {
            try await Migrator.check(connection)
            let series = try await series(on: connection)
            let model = try await model(start, on: connection)
            await connection.close()
            return (series, model)
        } catch {
            await connection.close()
            throw error
        }
    }

    private func series(on connection: Connection) async throws -> HourlySeries {
        let name = station ?? ""
        guard let station = try await StationHistory.station(named: name, on: connection) else {
            throw DaemonError(
                .configuration, "there is no station '\(name)'; `hazecast status` shows those that there are")
        }
        let series = try await StationHistory.series(
            of: station, since: try firstHour() ?? QualityControl.firstHour, on: connection)
        guard let series else {
            throw DaemonError(
                .configuration,
                "station '\(name)' has no readings to learn from"
                    + (since.map { " since \($0)" } ?? ""))
        }
        return series
    }

    private func model(_ start: String?, on connection: Connection) async throws -> Model? {
        guard let start else { return nil }
        if FileManager.default.fileExists(atPath: start) { return try ModelFile.read(start) }
        let rows = try await connection.query("SELECT document::text FROM hazecast.model WHERE name = $1", [start])
        guard let row = rows.first else {
            throw DaemonError(
                .file, "\(start): there is neither such a file nor a model of that name in hazecast.model")
        }
        do {
            return try Model(json: Data(row.decode(String.self, at: 0).utf8))
        } catch let error as ForecastError {
            throw DaemonError(.unreadableModel, "model '\(start)' in hazecast.model cannot be used: \(error)")
        }
    }

    private func firstHour() throws -> UTCHour? {
        guard let since else { return nil }
        guard let hour = UTCHour(since) ?? UTCHour(since + "T00:00Z") else {
            throw ValidationError("--since \(since): not an hour such as 2024-03-01 or 2024-03-01T00:00Z")
        }
        return hour
    }
}
