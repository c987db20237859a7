import ArgumentParser
import Forecast
import Foundation
import Ingest

/// `--data PATH`: histories from files and folders, and how a single file is read.
struct SeriesOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A file of one station: one of UCI's data sets by its header, or a csv file as `import` reads it; gzip is \
            decompressed. Or a folder with an index.json or UCI files; repeatable.
            """, valueName: "path"))
    var data: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With one file: degrees north of the station. UCI's files are of Beijing.", valueName: "degrees"))
    var latitude: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With one file: degrees east of the station. UCI's files are of Beijing.", valueName: "degrees"))
    var longitude: Double?

    @OptionGroup var columns: ColumnOptions

    /// Rows that are shown one by one.
    private static let shown = 10

    /// Whether an option is given that says how a single file is read.
    var describesFile: Bool { latitude != nil || longitude != nil || !columns.isEmpty }

    /// - Throws: `ValidationError` for options that no file could be read with.
    func check() throws {
        if let latitude, !(abs(latitude) <= 90) {
            throw ValidationError("--latitude \(latitude): degrees north are -90 to 90")
        }
        if let longitude, !(abs(longitude) <= 180) {
            throw ValidationError("--longitude \(longitude): degrees east are -180 to 180")
        }
        guard data.count < 2 || !describesFile else {
            throw ValidationError(
                "--latitude, --longitude and the options of columns describe one file, and --data names \(data.count); "
                    + "write an index.json with the coordinates")
        }
        if let twice = Set(data).first(where: { path in data.count { $0 == path } > 1 }) {
            throw ValidationError("--data \(twice) is given more than once")
        }
        _ = try file()
    }

    /// Reads everything that `--data` names, in its order, and says on stderr which rows are left out.
    func load() throws -> [StationSeries] {
        let file = try file()
        return try data.flatMap { path in
            let files = try SeriesFiles(path, as: file)
            guard !files.isFolder || !describesFile else {
                throw DaemonError(
                    .configuration,
                    "\(path): --latitude, --longitude and the options of columns describe one file, and this is a folder; "
                        + "write the coordinates into its index.json")
            }
            return try files.load().map { loaded in
                report(loaded, isInFolder: files.isFolder)
                return loaded.station
            }
        }
    }

    private func report(_ loaded: SeriesFiles.Loaded, isInFolder: Bool) {
        guard !loaded.rejected.isEmpty else { return }
        if !isInFolder {
            for row in loaded.rejected.prefix(Self.shown) {
                StandardError.print("\(loaded.file):\(row.line): \(row.reason)")
            }
        }
        StandardError.print("\(loaded.file): \(loaded.rejected.count) rows left out")
    }

    private func file() throws -> SeriesFiles.File {
        var file = SeriesFiles.File()
        for format in SeriesFiles.File.formats {
            var layout = format.layout
            try columns.apply(to: &layout)
            file.layouts[format.name] = layout
        }
        file.namesColumns = !columns.columns.isEmpty
        file.latitude = latitude
        file.longitude = longitude
        return file
    }
}
