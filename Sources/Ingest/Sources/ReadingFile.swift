import Foundation

/// A text file of measurements whose header has been read.
public struct ReadingFile {
    /// The file as the user named it.
    public let name: String
    /// Columns of the file that nothing is taken from.
    public var ignoredColumns: [String] { plan.ignored }
    /// What the names of columns say of the values.
    public var notes: [String] { plan.notes }
    /// Size of the file in bytes; nil for a pipe.
    public var size: Int? { bytes.size }
    /// Bytes read so far.
    public var bytesRead: Int { bytes.bytesRead }
    /// What its columns are.
    let plan: RowPlan

    private let bytes: ByteFile
    private let header: CSVRecord?
    private let columnCount: Int?
    private var csv: CSVReader
    /// Records that were read in search of the header.
    private var pending: [CSVRecord]

    /// Lines that may stand above a header.
    private static let mostPreamble = 100

    /// Opens a file and finds its header.
    ///
    /// - Parameter name: the path; `-` is the standard input. Gzip is decompressed.
    public init(_ name: String, layout: FileLayout) throws(SourceError) {
        try self.init(name, layout: layout) { _ in layout }
    }

    /// Opens a file that need not say of which station it is.
    ///
    /// - Parameter station: a name where nothing else says one.
    public init(_ name: String, layout: FileLayout, station: String) throws(SourceError) {
        try self.init(name, layout: layout) { layout.naming(station, $0) }
    }

    /// Opens a file whose layout follows from its header.
    ///
    /// - Parameters:
    ///   - layout: how the text is written.
    ///   - refined: what its columns are, by their names.
    init(
        _ name: String, layout: FileLayout, refined: (HeaderNames) throws(SourceError) -> FileLayout
    ) throws(SourceError) {
        let bytes = try ByteFile(name)
        let text = try TextDecoder(name, encoding: layout.encoding) { () throws(SourceError) in try bytes.next() }
        var csv = try CSVReader { () throws(SourceError) in try text.next() }
        (csv.quote, csv.comment) = (layout.quote, layout.comment)
        for _ in 0..<layout.skipLines where try !csv.skipLine() {
            throw SourceError(.header, file: name, "has fewer than \(layout.skipLines) lines; see --skip-lines")
        }
        // Excel's own line, which says what the delimiter is.
        let beginning = Array(try csv.beginning(1 << 16))
        var delimiter = layout.delimiter
        if beginning.count > 5, beginning.starts(with: "sep=".utf8), beginning[5] == 10 || beginning[5] == 13 {
            delimiter = delimiter ?? beginning[4]
            _ = try csv.skipLine()
        }
        csv.delimiter = delimiter ?? Self.delimiter(of: beginning, quote: layout.quote)

        var records: [CSVRecord] = []
        func read() throws(SourceError) -> Bool {
            var record = CSVRecord()
            guard try csv.next(&record) else { return false }
            records.append(record)
            return true
        }
        switch layout.header {
        case .names(let names):
            plan = try RowPlan(refined(HeaderNames(file: name, names: names)), HeaderNames(file: name, names: names))
            (header, columnCount) = (nil, names.count)
        case .none:
            guard try read() else { throw SourceError(.unreadable, file: name, "is empty") }
            let names = HeaderNames(file: name, names: (1...max(records[0].count, 1)).map(String.init))
            plan = try RowPlan(refined(names), names)
            (header, columnCount) = (nil, records[0].fault == nil ? names.names.count : nil)
        case .line:
            var found: (plan: RowPlan, header: CSVRecord)?
            // Of lines that are no header, the one that has most columns was probably meant to be one.
            var closest: (error: SourceError, columns: Int)?
            while found == nil, records.count < Self.mostPreamble, try read() {
                guard let record = records.last, record.fault == nil else { continue }
                let names = HeaderNames(file: name, names: record.texts)
                do throws(SourceError) {
                    found = (try RowPlan(refined(names), names), record)
                } catch {
                    let columns = layout.columns.values.count { $0.contains { names.indices($0) != nil } }
                    if columns > closest?.columns ?? -1 { closest = (error, columns) }
                }
            }
            guard let found else {
                throw closest?.error ?? SourceError(.header, file: name, "has no header line")
            }
            (plan, header, columnCount) = (found.plan, found.header, found.header.count)
            records = []
        }
        for _ in 0..<layout.skipAfterHeader { _ = try csv.skipLine() }
        (self.name, self.bytes, self.csv, pending) = (name, bytes, csv, records)
    }

    /// The character that divides the lines of a text most alike.
    private static func delimiter(of text: [UInt8], quote: UInt8) -> UInt8 {
        var best = (lines: 0, delimiter: UInt8.comma)
        let lines = text.split(separator: .lineFeed).prefix(200)
        for delimiter in "\t;|,".utf8 {
            var counts: [Int: Int] = [:]
            for line in lines {
                var isQuoted = false
                var count = 0
                for byte in line {
                    if byte == quote { isQuoted.toggle() }
                    if byte == delimiter, !isQuoted { count += 1 }
                }
                if count > 0 { counts[count, default: 0] += 1 }
            }
            let most = counts.values.max() ?? 0
            if most > best.lines { best = (most, delimiter) }
        }
        return best.delimiter
    }

    /// The next row; false at the end. The header where it comes again is none.
    mutating func next(_ record: inout CSVRecord) throws(SourceError) -> Bool {
        while true {
            if pending.isEmpty {
                guard try csv.next(&record) else { return false }
            } else {
                record = pending.removeFirst()
            }
            if let header, record.hasFields(of: header) { continue }
            return true
        }
    }

    /// What is wrong with the fields of a row; nil where all are there.
    func fault(_ record: CSVRecord) -> String? {
        if let fault = record.fault { return fault }
        guard let columnCount, record.count != columnCount else { return nil }
        // Empty fields behind the last column are what some programs end their lines with.
        let isLonger = record.count > columnCount && (columnCount..<record.count).allSatisfy { record[$0].isEmpty }
        return isLonger ? nil : "\(record.count) columns where the header has \(columnCount)"
    }
}
