import Foundation
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

/// All rows of a file.
func rows(_ lines: [String], _ format: SourceFormat) throws -> (readings: [ParsedReading], rejected: [RejectedRow]) {
    let file = try TemporaryFile(lines)
    return try withExtendedLifetime(file) { try rows(of: file.path, format) }
}

func rows(of path: String, _ format: SourceFormat) throws -> (readings: [ParsedReading], rejected: [RejectedRow]) {
    var file = try ReadingFile(path, format: format)
    var readings: [ParsedReading] = []
    var rejected: [RejectedRow] = []
    while let row = try file.next() {
        switch row {
        case .reading(let reading): readings.append(reading)
        case .rejected(let row): rejected.append(row)
        }
    }
    return (readings, rejected)
}

let beijingHeader = "No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir"
let beijing = SourceFormat.uciBeijing(station: "Beijing")
