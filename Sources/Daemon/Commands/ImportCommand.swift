import ArgumentParser
import Foundation
import Ingest
import Postgres

/// `hazecast import`: files of readings into the database.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Load files of readings; repeating it changes nothing.",
        discussion: """
            Each file is one transaction. Stations that are not there yet are added; an hour that is there already takes \
            the file's values. A row that cannot be a reading is left out and reported with its line; the others are loaded. \
            A file of which no row is left is an error.

            A csv file has a header with the columns observed_at (ISO 8601, the beginning of an hour), station, and \
            any of pm25 (µg/m³), dew_point and temperature (°C), pressure (hPa), wind_direction (degrees from which it \
            blows, a compass point, or calm) and wind_speed (m/s). Empty fields and NA are missing.

            Files may be compressed with gzip.
            """)

    /// The formats by the names of `--format`.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case uciBeijing = "uci-beijing"
        case uciMultisite = "uci-multisite"
        case csv
    }

    @OptionGroup var options: DatabaseOptions

    @Option(help: "What the files are.")
    var format: Format

    @Argument(help: ArgumentHelp("Files; - is the standard input.", valueName: "file"))
    var files: [String]

    @Option(help: "Station that the readings are of, where the file does not say. uci-beijing: Beijing.")
    var station: String?

    @OptionGroup var columns: ColumnOptions

    @Option(parsing: .unconditional, help: "Degrees north of stations that are added.")
    var latitude: Double?

    @Option(parsing: .unconditional, help: "Degrees east of stations that are added.")
    var longitude: Double?

    @Flag(help: "Load nothing of a file in which a row is rejected, and exit with 1.")
    var strict = false

    @Option(help: ArgumentHelp("Write every rejected row with its line and reason to a file.", valueName: "file"))
    var rejects: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        _ = try sourceFormat()
        _ = try place()
    }

    func run() async throws {
        let format = try sourceFormat()
        // All headers first: a misspelt name among many files must not leave half of them loaded.
        let opened = try files.map { try ReadingFile($0, format: format) }
        let rejectsFile = try rejects.map(RejectsFile.init)
        let connection = try await options.connect(applicationName: "hazecast import")
        try await Migrator.check(connection)
        let importer = Importer(connection: connection)
        var results: [FileImport] = []
        for file in opened {
            if self.format == .csv, !file.ignoredColumns.isEmpty {
                StandardError.print("\(file.name): not used: \(file.ignoredColumns.joined(separator: ", "))")
            }
            let bar = ProgressBar(file.name)
            defer { bar.clear() }
            let result = try await importer.write(file, place: place(), isStrict: strict) { bytes, rows in
                bar.show(file.size.map { min(1, Double(bytes) / Double(max($0, 1))) }, rows: rows)
            }
            bar.clear()
            try rejectsFile?.add(result)
            ImportReport.printRejected(result, to: rejects)
            results.append(result)
            if !json { print(ImportReport.line(result)) }
        }
        await connection.close()
        if json { print(try ImportReport(results).json()) }
        if let empty = results.first(where: { $0.counts.readings == 0 && !$0.rejected.isEmpty }) {
            throw DaemonError(
                .file,
                "\(empty.file): nothing loaded: all \(empty.rejected.count) rows rejected; is it the right --format?")
        }
    }

    private func sourceFormat() throws -> SourceFormat {
        let clock = try columns.clock()
        guard format == .csv || columns.columns.isEmpty else {
            throw ValidationError("--column goes with --format csv; the columns of \(format.rawValue) are known")
        }
        switch format {
        case .uciBeijing:
            return .uciBeijing(station: station ?? "Beijing", clock: clock ?? .china)
        case .uciMultisite:
            guard station == nil else { throw ValidationError("uci-multisite names its stations; leave --station out") }
            return .uciMultisite(clock: clock ?? .china)
        case .csv:
            return .csv(try NamedColumns(station: station, clock: clock ?? .utc, names: columns.names()))
        }
    }

    private func place() throws -> Importer.Place? {
        switch (latitude, longitude) {
        case (nil, nil):
            // The reference monitor of the data set stands on the roof of the US embassy.
            return format == .uciBeijing && station == nil ? Importer.Place(latitude: 39.95, longitude: 116.47) : nil
        case (let latitude?, let longitude?):
            guard abs(latitude) <= 90, abs(longitude) <= 180 else {
                throw ValidationError("--latitude is -90 to 90 and --longitude -180 to 180")
            }
            return Importer.Place(latitude: latitude, longitude: longitude)
        default:
            throw ValidationError("--latitude and --longitude go together")
        }
    }
}
