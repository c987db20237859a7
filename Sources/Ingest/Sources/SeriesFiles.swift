import Dispatch
import Forecast
import Foundation
import Synchronization

/// The files that a path names, one station each: a single file, or those of a folder.
///
/// In a folder with `index.json` the index names them. Without an index they are all `*.csv` and `*.csv.gz`, in the order
/// of their names, and each must have the header of one of UCI's data sets. Other files may be in any format that
/// `hazecast import` reads; the header says which.
package struct SeriesFiles: Sendable {
    /// How a single file is read.
    package struct File: Sendable {
        /// UCI's, and csv as the last.
        package static let formats = ["uci-beijing", "uci-multisite", "csv"].compactMap(NamedFormat.named)

        /// How files of UCI's data sets and others are read, by the name of the format.
        package var layouts = Dictionary(uniqueKeysWithValues: formats.map { ($0.name, $0.layout) })
        /// Whether the user names columns: the file is then none of UCI's.
        package var namesColumns = false
        /// Degrees north; nil where it is not known.
        package var latitude: Double?
        /// Degrees east; nil where it is not known.
        package var longitude: Double?

        /// A file in which every column has our name and every stamp its offset or is UTC.
        package init() {}
    }

    /// A history and the rows of its file that were left out.
    package struct Loaded: Sendable {
        /// The file.
        package let file: String
        /// What it holds.
        package let station: StationSeries
        /// Rows that were left out, in the order of the file.
        package let rejected: [RejectedRow]
    }

    /// Whether the path is a folder.
    package let isFolder: Bool
    private let path: String
    private let entries: [SeriesIndex.Entry]
    private let file: File
    /// Whether every file must be one of UCI's.
    private let isUCI: Bool

    /// Looks which files there are.
    ///
    /// - Parameters:
    ///   - path: a file, a folder, or `-` for the standard input.
    ///   - file: how to read a single file.
    /// - Throws: `SourceError` where the folder has no file to read, the index cannot be used, or a file that it names is
    ///   not there.
    package init(_ path: String, as file: File = File()) throws(SourceError) {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        self.isFolder = isFolder.boolValue
        self.path = path
        self.file = file
        guard self.isFolder else {
            isUCI = false
            entries = [SeriesIndex.Entry(file: path, id: SeriesIndex.id(ofFile: path))]
            return
        }
        if let index = try SeriesIndex(folder: path) {
            isUCI = false
            entries = index.entries
        } else {
            isUCI = true
            entries = try Self.listed(path)
        }
    }

    /// Reads all files, several at a time.
    ///
    /// - Returns: the histories in the order of the index or of the names.
    /// - Throws: `SourceError` of the first file, in this order, that cannot be read or holds no PM2.5.
    package func load() throws(SourceError) -> [Loaded] {
        let results = Mutex([Int: Result<Loaded, SourceError>]())
        DispatchQueue.concurrentPerform(iterations: entries.count) { index in
            let result = Result { () throws(SourceError) in try load(entries[index]) }
            results.withLock { $0[index] = result }
        }
        var loaded: [Loaded] = []
        for (_, result) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) { loaded.append(try result.get()) }
        return loaded
    }

    private func load(_ entry: SeriesIndex.Entry) throws(SourceError) -> Loaded {
        let name = isFolder ? SeriesIndex.path(entry.file, in: path) : path
        var isBeijing = false
        let opened = try ReadingFile(name, layout: file.layouts["csv"] ?? FileLayout()) { (names) throws(SourceError) in
            let format = try format(of: names)
            isBeijing = format.name.hasPrefix("uci-")
            var layout = file.layouts[format.name] ?? format.layout
            layout.station = nil
            return layout.naming(entry.id, names)
        }
        guard opened.plan.columns.contains("pm25") else {
            throw SourceError(
                .header, file: name,
                "no column pm25 in the header"
                    + (isFolder ? "" : "; name it with --column, for example --column pm25=PM2.5"))
        }
        let rejected = Mutex<[RejectedRow]>([])
        var (series, _) = try HourlySeries.reading(opened) { row in rejected.withLock { $0.append(row) } }
        guard series.measures.contains(where: { !$0.pm25.isNaN }) else {
            throw SourceError(.unreadable, file: name, "holds no PM2.5 value")
        }
        // Both of UCI's data sets are of Beijing.
        series.latitude = file.latitude ?? entry.latitude ?? (isBeijing ? 39.9 : nil)
        series.longitude = file.longitude ?? entry.longitude ?? (isBeijing ? 116.4 : nil)
        return Loaded(
            file: name,
            station: StationSeries(
                id: entry.id, country: entry.country ?? (isBeijing ? "CN" : nil),
                place: entry.place ?? (isBeijing ? "Beijing" : nil), series: series),
            rejected: rejected.withLock { $0 })
    }

    private func format(of names: HeaderNames) throws(SourceError) -> NamedFormat {
        let uci = File.formats.first { $0.name.hasPrefix("uci-") && names.indices($0.signature) != nil }
        if !file.namesColumns, let uci { return uci }
        guard !isUCI else {
            throw SourceError(
                .header, file: names.file,
                "its header is neither that of UCI's Beijing PM2.5 nor of its multi-site "
                    + "data; without an index.json every csv file of a folder must be one of these")
        }
        return .csv
    }

    private static func listed(_ folder: String) throws(SourceError) -> [SeriesIndex.Entry] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw SourceError(.unreadable, file: folder, "the folder cannot be read; check its permissions")
        }
        let files = names.filter { $0.hasSuffix(".csv") || $0.hasSuffix(".csv.gz") }.sorted()
        guard !files.isEmpty else {
            throw SourceError(
                .unreadable, file: folder, "the folder has neither an index.json nor a .csv or .csv.gz file")
        }
        var entries: [SeriesIndex.Entry] = []
        for file in files {
            entries.append(SeriesIndex.Entry(file: file, id: SeriesIndex.id(ofFile: file)))
        }
        try SeriesIndex.checkIDs(entries, in: folder)
        return entries
    }
}
