import ArgumentParser
import Forecast
import Foundation
import Ingest
import Postgres

/// Histories to train on or to score: `--data PATH`, or `--station NAME` of the database.
struct HistoryOptions: ParsableArguments {
    @OptionGroup var files: SeriesOptions

    @Option(help: ArgumentHelp("A station of the database, instead of --data.", valueName: "name"))
    var station: String?

    @Option(
        help: ArgumentHelp(
            "With --station: the first hour to read, such as 2024-03-01 or 2024-03-01T00:00Z; all by default.",
            valueName: "date"))
    var since: String?

    @OptionGroup var database: DatabaseOptions

    /// Whether one of the two is named, and nothing that does not go with it.
    ///
    /// - Parameter purpose: `train on`.
    func check(_ purpose: String) throws {
        try files.check()
        let data = files.data
        guard data.isEmpty != (station == nil) else {
            throw ValidationError(
                data.isEmpty
                    ? "say what to \(purpose): --data PATH, or --station NAME of the database"
                    : "--data and --station exclude each other: \(purpose) files, or a station of the database")
        }
        guard station == nil || !files.describesFile else {
            throw ValidationError(
                "--latitude, --longitude and the options of columns go with --data; the database has the station's own")
        }
        guard since == nil || station != nil else {
            throw ValidationError("--since goes with --station; a file is read as a whole")
        }
        _ = try firstHour()
    }

    /// Reads the histories and, where one is named, the model to start from. Nothing of the database stays open.
    ///
    /// - Parameters:
    ///   - start: a model file or, with `--station`, the name of a model in the database.
    ///   - applicationName: the command, for those who look at the server's sessions.
    /// - Returns: at least one history.
    /// - Throws: one line that says what is not there.
    func load(
        startingFrom start: String? = nil, applicationName: String
    ) async throws -> (stations: [StationSeries], start: Model?) {
        guard let station else {
            return (try files.load(), try start.map(ModelFile.read))
        }
        let connection = try await database.connect(applicationName: applicationName)
        do {
            try await Migrator.check(connection)
            let series = try await series(on: connection)
            let model = try await model(start, on: connection)
            await connection.close()
            return ([StationSeries(id: station, series: series)], model)
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
                "station '\(name)' has no readings"
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
