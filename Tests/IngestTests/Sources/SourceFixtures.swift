import Foundation
import Testing

@testable import Ingest

/// Real files, where the machine has them: `HAZECAST_DATA_DIR`, else what `make data` puts into `data/`.
enum RealData {
    static let directory: String? = [ProcessInfo.processInfo.environment["HAZECAST_DATA_DIR"], "data"]
        .compactMap { $0 }.first { FileManager.default.fileExists(atPath: "\($0)/beijing-pm25-2010-2014.csv") }

    static func path(_ file: String) throws -> String { "\(try #require(directory))/\(file)" }

    static let hasMultisite =
        directory.map { FileManager.default.fileExists(atPath: "\($0)/beijing-multisite") } ?? false
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
