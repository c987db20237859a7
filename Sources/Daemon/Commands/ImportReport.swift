import Foundation
import Ingest

/// What `hazecast import` says of the files it has loaded.
struct ImportReport: Encodable {
    /// One file, or the sum of all.
    struct Entry: Encodable {
        let file: String?
        let readings, new, changed, unchanged, repeated, rejected, lostValues, incompleteHours, newStations: Int

        init(file: String? = nil, _ counts: Importer.Counts, _ reports: [FileReport]) {
            self.file = file
            readings = counts.readings
            new = counts.new
            changed = counts.changed
            unchanged = counts.unchanged
            repeated = counts.repeated
            rejected = reports.reduce(0) { $0 + $1.rejected }
            lostValues = reports.reduce(0) { $0 + $1.lostValues }
            incompleteHours = reports.reduce(0) { $0 + $1.incomplete }
            newStations = counts.newStations
        }
    }

    private let files: [Entry]
    private let total: Entry

    init(_ results: [FileImport]) {
        files = results.map { Entry(file: $0.file, $0.counts, [$0.report]) }
        let counts = results.reduce(into: Importer.Counts()) { $0 += $1.counts }
        total = Entry(counts, results.map(\.report))
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// One line for a person.
    static func line(_ result: FileImport) -> String {
        let (counts, report) = (result.counts, result.report)
        var line = "\(result.file): \(counts.readings) readings: \(counts.new) new, \(counts.changed) changed, "
        line += "\(counts.unchanged) unchanged"
        if counts.repeated > 0 { line += ", \(counts.repeated) repeated" }
        line += "; \(report.rejected) rows rejected"
        if report.lostValues > 0 { line += ", \(report.lostValues) values lost" }
        if report.invalid > 0 { line += ", \(report.invalid) rows not valid" }
        if report.incomplete > 0 { line += "; \(report.incomplete) hours have less than 75 % of their rows" }
        if counts.newStations > 0 { line += "; stations added: \(counts.newStations)" }
        return line
    }

    /// Why nothing was loaded.
    static func nothing(_ report: FileReport) -> String {
        if report.rejected == report.rows { return "all \(report.rows) rows rejected; is it the right --format?" }
        if report.others == report.rows {
            return "all \(report.rows) rows are about something else; see --where and --parameter"
        }
        return "no hour has 75 % of its rows; see --step"
    }

    /// The values that were lost, a line for each reason.
    static func printLosses(_ result: FileImport) {
        for (reason, lost) in result.report.lost.sorted(by: { ($0.value.line, $0.key) < ($1.value.line, $1.key) }) {
            let place = lost.line > 0 ? "\(result.file):\(lost.line)" : result.file
            let text = lost.text.map { " (\($0))" } ?? ""
            let more = lost.count > 1 ? "; \(lost.count) values in all" : ""
            StandardError.print("\(place): \(reason)\(text)\(more)")
        }
    }
}

/// The file of `--rejects`: a line `FILE:LINE: REASON` per rejected row.
struct RejectsFile {
    private let handle: FileHandle

    init(_ path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw DaemonError(.file, "\(path): cannot be written") }
        self.handle = handle
    }

    func add(_ lines: String) throws { try handle.write(contentsOf: Data(lines.utf8)) }
}

/// Shows the first rejected rows of a file on standard error, and keeps all of them in another.
final class RejectedListing {
    /// Rows that are shown one by one.
    private static let most = 20
    /// Bytes that are written at once.
    private static let chunk = 1 << 16

    private let name: String
    private let file: RejectsFile?
    private let shown: Int
    private var count = 0
    private var lines = ""
    private var failure: (any Error)?

    /// - Parameter isShown: false where an error that ends everything names the first row.
    init(_ name: String, to file: RejectsFile?, isShown: Bool) {
        (self.name, self.file) = (name, file)
        shown = isShown ? Self.most : 0
    }

    func add(_ row: RejectedRow) {
        count += 1
        let line = "\(name):\(row.line): \(row.reason)"
        if count <= shown { StandardError.print(line) }
        guard file != nil else { return }
        lines += line + "\n"
        if lines.utf8.count > Self.chunk { flush() }
    }

    private func flush() {
        do { try file?.add(lines) } catch { failure = failure ?? error }
        lines = ""
    }

    /// - Parameter path: where all of them are, if anywhere.
    func finish(shownIn path: String?) throws {
        flush()
        if let failure { throw failure }
        guard shown > 0, count > shown else { return }
        StandardError.print(
            "\(name): … and \(count - shown) more; \(path.map { "all are in \($0)" } ?? "--rejects FILE has all")")
    }
}
