import ArgumentParser
import Foundation
import Ingest
import Postgres

/// `hazecast import`: files of measurements into the database.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Load files of measurements; repeating it changes nothing.",
        discussion: """
            Each file is one transaction. Stations that are not there yet are added; an hour that is there already takes \
            the file's values, but for measures of which the file has none. Rows become hourly means: an hour needs rows for \
            75 % of it. A row that cannot be used is left out and reported with its line; a value that cannot be read loses \
            the value. A file of which no row is left is an error.

            Without --format the program says which format the first file seems to be in and shows its first hours; on a \
            terminal it asks whether to load them. Options change parts of the format.

            --format csv is any text file with the columns observed_at, station, and any of pm25 (µg/m³), dew_point and \
            temperature (°C), pressure (hPa), wind_direction (degrees from which it blows, or a compass point), wind_speed \
            (m/s), humidity (%), wind_u and wind_v (m/s); --column names others. Files may be compressed with gzip.
            """)

    @OptionGroup var options: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "What the files are: \(NamedFormat.all.map(\.name).joined(separator: ", ")).", valueName: "format"))
    var format: String?

    @Argument(help: ArgumentHelp("Files; - is the standard input.", valueName: "file"))
    var files: [String]

    @Option(help: "Station that the readings are of, where the file does not say. uci-beijing: Beijing.")
    var station: String?

    @OptionGroup var columns: ColumnOptions

    @Option(parsing: .unconditional, help: "Degrees north of stations that are added.")
    var latitude: Double?

    @Option(parsing: .unconditional, help: "Degrees east of stations that are added.")
    var longitude: Double?

    @Flag(help: "Load nothing of a file in which a row is rejected or a value cannot be read, and exit with 1.")
    var strict = false

    @Option(help: ArgumentHelp("Write every rejected row with its line and reason to a file.", valueName: "file"))
    var rejects: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard let format else {
            var layout = FileLayout()
            try change(&layout)
            return
        }
        guard let named = NamedFormat.named(format) else {
            throw ValidationError(
                "'\(format)' is no format; there are \(NamedFormat.all.map(\.name).joined(separator: ", "))")
        }
        _ = try layout(named)
        _ = try place(named)
    }

    func run() async throws {
        guard let named = try format.flatMap(NamedFormat.named) ?? confirmedGuess() else { throw ExitCode(1) }
        let layout = try layout(named)
        let rejectsFile = try rejects.map(RejectsFile.init)
        // The header of each file first: a misspelt name among many files must not leave half of them loaded.
        for file in files where file != "-" { _ = try ReadingFile(file, layout: layout) }
        let connection = try await options.connect(applicationName: "hazecast import")
        try await Migrator.check(connection)
        let importer = Importer(connection: connection)
        var results: [FileImport] = []
        for name in files {
            let file = try ReadingFile(name, layout: layout)
            for note in file.notes { StandardError.print("\(name): \(note)") }
            if named.name == "csv", !file.ignoredColumns.isEmpty {
                StandardError.print("\(name): not used: \(file.ignoredColumns.joined(separator: ", "))")
            }
            let bar = ProgressBar(name)
            defer { bar.clear() }
            let listing = RejectedListing(name, to: rejectsFile, isShown: !strict)
            let result = try await importer.write(
                file, place: place(named), isStrict: strict, onRejected: { listing.add($0) }
            ) { bytes, rows in
                bar.show(file.size.map { min(1, Double(bytes) / Double(max($0, 1))) }, rows: rows)
            }
            bar.clear()
            try listing.finish(shownIn: rejects)
            ImportReport.printLosses(result)
            results.append(result)
            if !json { print(ImportReport.line(result)) }
        }
        await connection.close()
        if json { print(try ImportReport(results).json()) }
        if let empty = results.first(where: { $0.counts.readings == 0 && $0.report.rows > 0 }) {
            throw DaemonError(.file, "\(empty.file): nothing loaded: \(ImportReport.nothing(empty.report))")
        }
    }

    /// The format that the first file seems to be in, once the user agrees.
    private func confirmedGuess() throws -> NamedFormat? {
        guard let file = files.first, file != "-" else {
            throw ValidationError("say what the standard input is with --format")
        }
        guard let guess = try FormatGuess.of(file, change: { try? change(&$0) }) else {
            throw DaemonError(
                .file,
                "\(file): in none of the formats that are known; give --format csv and name its columns with --column")
        }
        let format = guess.format
        print("\(file) looks like --format \(format.name) (\(format.title)):")
        print("it has the columns \(guess.columns.joined(separator: ", ")).")
        let preview = FilePreview(file, layout: try layout(format))
        preview.print()
        let needsName = preview.isNameless && format.layout.station == nil
        guard preview.problem == nil, !needsName, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            StandardError.print(
                "Error: nothing loaded; give --format \(format.name)\(needsName ? " --station NAME" : "") if this is right"
            )
            return nil
        }
        print("Load \(files.count == 1 ? "it" : "the \(files.count) files") like this? [y/n] ", terminator: "")
        guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else { return nil }
        return format
    }

    private func layout(_ format: NamedFormat) throws -> FileLayout {
        var layout = format.layout
        try change(&layout)
        return layout
    }

    private func change(_ layout: inout FileLayout) throws {
        try columns.apply(to: &layout)
        if let station { layout.setStation(station) }
    }

    private func place(_ format: NamedFormat) throws -> Importer.Place? {
        switch (latitude, longitude) {
        case (nil, nil): return station == nil ? format.place : nil
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

/// The first hours of a file as they would be stored.
private struct FilePreview {
    private static let hours = 3

    private let readings: [ParsedReading]
    private let measures: [MeasureColumn]
    let problem: String?
    /// Whether neither the file nor an option names the station.
    let isNameless: Bool

    private static let nameless = "(no name)"

    init(_ name: String, layout: FileLayout) {
        var (readings, measures, problem): ([ParsedReading], [MeasureColumn], String?) = ([], [], nil)
        do throws(SourceError) {
            var all = try ReadingFile(name, layout: layout, station: Self.nameless).read()
            measures = all.measures
            while readings.count < Self.hours, let reading = try all.popFirst() { readings.append(reading) }
        } catch {
            problem = error.message
        }
        (self.readings, self.measures, self.problem) = (readings, measures, problem)
        isNameless = readings.contains { $0.station == Self.nameless }
    }

    func print() {
        if let problem {
            Swift.print("It cannot be loaded as it is: \(problem)")
            return
        }
        Swift.print(readings.isEmpty ? "No hour of it is complete." : "Its first hours would be stored as:")
        for reading in readings {
            let values = measures.map { column in
                let value = reading.measures[column]
                return "\(column.rawValue) \(value.isNaN ? "-" : "\((value * 100).rounded() / 100)")"
            }
            Swift.print("  \(reading.station) \(reading.hour) \(values.joined(separator: ", "))")
        }
    }
}
