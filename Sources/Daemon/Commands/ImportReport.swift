import Foundation
import Ingest

/// What `hazecast import` says of the files it has loaded.
struct ImportReport: Encodable {
    /// One file, or the sum of all.
    struct Entry: Encodable {
        let file: String?
        let readings, new, changed, unchanged, repeated, rejected, newStations: Int

        init(file: String? = nil, _ counts: Importer.Counts, rejected: Int) {
            self.file = file
            readings = counts.readings
            new = counts.new
            changed = counts.changed
            unchanged = counts.unchanged
            repeated = counts.repeated
            self.rejected = rejected
            newStations = counts.newStations
        }
    }

    private let files: [Entry]
    private let total: Entry

    init(_ results: [FileImport]) {
        files = results.map { Entry(file: $0.file, $0.counts, rejected: $0.rejected.count) }
        let counts = results.reduce(into: Importer.Counts()) { $0 += $1.counts }
        total = Entry(counts, rejected: results.reduce(0) { $0 + $1.rejected.count })
    }

    /// Rejected rows that are shown one by one.
    private static let shown = 20

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// One line for a person.
    static func line(_ result: FileImport) -> String {
        let counts = result.counts
        var line = "\(result.file): \(counts.readings) readings: \(counts.new) new, \(counts.changed) changed, "
        line += "\(counts.unchanged) unchanged"
        if counts.repeated > 0 { line += ", \(counts.repeated) repeated (the last row of an hour counts)" }
        line += "; \(result.rejected.count) rows rejected"
        if counts.newStations > 0 { line += "; stations added: \(counts.newStations)" }
        return line
    }

    /// The first rejected rows on standard error.
    ///
    /// - Parameter file: where all of them are, if anywhere.
    static func printRejected(_ result: FileImport, to file: String?) {
        for row in result.rejected.prefix(shown) { StandardError.print(text(row, of: result.file)) }
        let more = result.rejected.count - shown
        guard more > 0 else { return }
        StandardError.print(
            "\(result.file): … and \(more) more; \(file.map { "all are in \($0)" } ?? "--rejects FILE has all")")
    }

    fileprivate static func text(_ row: RejectedRow, of file: String) -> String { "\(file):\(row.line): \(row.reason)" }
}

/// The file of `--rejects`: a line `FILE:LINE: REASON` a rejected row.
struct RejectsFile {
    private let handle: FileHandle

    init(_ path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw DaemonError(.file, "\(path): cannot be written") }
        self.handle = handle
    }

    func add(_ result: FileImport) throws {
        let lines = result.rejected.map { ImportReport.text($0, of: result.file) + "\n" }
        try handle.write(contentsOf: Data(lines.joined().utf8))
    }
}
