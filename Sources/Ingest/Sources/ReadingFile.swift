public import Forecast

/// A file of readings, read row by row; memory does not grow with the file.
public struct ReadingFile {
    /// The file as the user named it.
    public let name: String
    /// The measures that the file has columns for, in the table's order; it says nothing of the others.
    public let measures: [MeasureColumn]
    /// Columns of the file that nothing is taken from, though the format might have had a use for them.
    public let ignoredColumns: [String]
    /// Size of the file in bytes; nil for a pipe.
    public var size: Int? { bytes.size }
    /// Bytes read so far.
    public var bytesRead: Int { bytes.bytesRead }

    private let bytes: ByteFile
    private let columnCount: Int
    private var csv: CSVReader
    private var rows: any RowReader

    /// Opens a file and checks its header.
    ///
    /// - Parameter name: the path; `-` is the standard input. Gzip is decompressed.
    public init(_ name: String, format: SourceFormat) throws(SourceError) {
        try self.init(name) { _ in format }
    }

    /// Opens a file whose format follows from its header.
    init(_ name: String, formatOf: (CSVHeader) throws(SourceError) -> SourceFormat) throws(SourceError) {
        let bytes = try ByteFile(name)
        csv = try CSVReader { () throws(SourceError) in try bytes.next() }
        guard let first = try csv.next(), first.fault == nil else {
            throw SourceError(.header, file: name, "has no header line")
        }
        let header = CSVHeader(
            file: name, names: (0..<first.count).map { String(decoding: first[$0], as: UTF8.self) })
        if let twice = header.names.first(where: { name in header.names.count { $0 == name } > 1 }) {
            throw SourceError(.header, file: name, "the header has the column '\(twice)' more than once")
        }
        rows = try formatOf(header).reader(header: header)
        self.name = name
        self.bytes = bytes
        columnCount = header.names.count
        measures = rows.measures
        ignoredColumns = header.names.filter { [used = rows.used] in !used.contains($0) }
    }

    /// The next row, or nil at the end of the file.
    public mutating func next() throws(SourceError) -> SourceRow? {
        guard let record = try csv.next() else { return nil }
        do throws(RowFault) {
            if let fault = record.fault { throw RowFault(fault) }
            guard record.count == columnCount else {
                throw RowFault("\(record.count) columns where the header has \(columnCount)")
            }
            return .reading(try rows.reading(from: record))
        } catch {
            return .rejected(RejectedRow(line: record.line, reason: error.reason))
        }
    }
}

extension HourlySeries {
    /// Longest span of a series read from a file, 100 years: a mistyped year must not ask for memory without end.
    private static let longestSpan = 100 * 8766

    /// The whole of a file that holds one station, for training and backtests.
    ///
    /// Hours without a row are missing; of a repeated hour the last row counts.
    ///
    /// - Returns: the series and the rows that were left out.
    /// - Throws: `SourceError` also where the file has no reading, several stations, or spans more than 100 years.
    public static func reading(
        _ name: String, format: SourceFormat
    ) throws(SourceError) -> (series: HourlySeries, rejected: [RejectedRow]) {
        try reading(ReadingFile(name, format: format))
    }

    /// The same of a file that is open.
    static func reading(_ file: ReadingFile) throws(SourceError) -> (series: HourlySeries, rejected: [RejectedRow]) {
        var file = file
        var rows: [(hour: UTCHour, measures: Measures)] = []
        var rejected: [RejectedRow] = []
        var station: String?
        while let row = try file.next() {
            switch row {
            case .rejected(let row): rejected.append(row)
            case .reading(let reading):
                guard station ?? reading.station == reading.station else {
                    throw SourceError(.options, file: file.name, "holds several stations; a series is of one")
                }
                station = reading.station
                rows.append((reading.hour, reading.measures))
            }
        }
        guard let first = rows.map(\.hour).min(), let last = rows.map(\.hour).max() else {
            let reason =
                rejected.first.map {
                    ": all \(rejected.count) rows left out, the first on line \($0.line): \($0.reason)"
                }
            throw SourceError(.unreadable, file: file.name, "holds no reading\(reason ?? "")")
        }
        guard first.distance(to: last) < longestSpan, let series = HourlySeries(rows: rows) else {
            throw SourceError(.unreadable, file: file.name, "spans more than 100 years")
        }
        return (series, rejected)
    }
}
