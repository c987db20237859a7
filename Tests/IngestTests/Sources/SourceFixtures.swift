import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Ingest

/// Files of the real data.
enum RealData {
    static let hasBeijing = exists("beijing-pm25-2010-2014.csv")
    /// `make data` does not fetch these.
    static let hasMultisite = hasBeijing && exists("beijing-multisite")
    /// Nor these.
    static let hasWorld = exists("world/index.json")

    static func path(_ file: String) throws -> String { try requireDataDirectory().appending(path: file).path() }

    private static func exists(_ file: String) -> Bool {
        dataDirectory.map { FileManager.default.fileExists(atPath: $0.appending(path: file).path()) } ?? false
    }
}

/// A file that exists as long as the value does.
final class TemporaryFile {
    let path: String

    init(_ bytes: some Sequence<UInt8>) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID().uuidString).csv").path()
        try Data(bytes).write(to: URL(filePath: path))
    }

    convenience init(_ lines: [String]) throws { try self.init(lines.joined(separator: "\n").utf8) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The hours of a file, and its rows that were rejected.
func rows(
    _ lines: [String], _ layout: FileLayout
) throws -> (readings: [ParsedReading], rejected: [RejectedRow], report: FileReport) {
    let file = try TemporaryFile(lines)
    return try withExtendedLifetime(file) { try rows(of: file.path, layout) }
}

func rows(
    of path: String, _ layout: FileLayout
) throws -> (readings: [ParsedReading], rejected: [RejectedRow], report: FileReport) {
    let rejected = Mutex<[RejectedRow]>([])
    var file = try ReadingFile(path, layout: layout).read { row in rejected.withLock { $0.append(row) } }
    var readings: [ParsedReading] = []
    while let reading = try file.popFirst() { readings.append(reading) }
    return (readings, rejected.withLock { $0 }, file.report)
}

/// A file in our own names, as options change it.
func csv(_ change: (inout FileLayout) -> Void = { _ in }) -> FileLayout {
    var layout = NamedFormat.csv.layout
    change(&layout)
    return layout
}

func layout(_ format: String) throws -> FileLayout { try #require(NamedFormat.named(format)).layout }

let beijingHeader = "No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir"
