/// Splits a stream of bytes into the records of RFC 4180, keeping the line on which each begins.
///
/// Our own because the ready-made one for Swift (SwiftCSV) holds the whole file and its rows as strings and knows no line
/// numbers, and a rejected row is worth nothing to a user without its line. Lines end in LF or CRLF, a leading UTF-8 byte
/// order mark is dropped, blank lines are passed over, and a quoted field may hold commas, doubled quotes and line breaks.
///
/// A quote that is never closed must not swallow the rows behind it: whatever goes wrong inside a record costs its first
/// line only, and reading resumes on the next.
struct CSVReader {
    /// A record longer than this many bytes is malformed; it bounds what an unclosed quote can make us hold.
    static let longestRecord = 1 << 20

    private let read: () throws(SourceError) -> [UInt8]
    /// Bytes from the beginning of the current record on.
    private var buffer: [UInt8] = []
    private var start = 0
    private var position = 0
    private var line = 1
    private var isAtEnd = false

    /// - Parameter read: gives the next bytes, of any number, and none at the end.
    init(read: @escaping () throws(SourceError) -> [UInt8]) throws(SourceError) {
        self.read = read
        while buffer.count < 3, !isAtEnd { try refill() }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The next record, or nil at the end.
    mutating func next() throws(SourceError) -> CSVRecord? {
        while let byte = try peek() {
            start = position
            if byte == .lineFeed {
                position += 1
                line += 1
            } else if byte == .carriageReturn, try peek(1) ?? .lineFeed == .lineFeed {
                position += 1
            } else {
                return try record()
            }
        }
        return nil
    }

    private enum State { case fieldBegins, plain, quoted, quoteSeen }

    private mutating func record() throws(SourceError) -> CSVRecord {
        var record = CSVRecord(line: line)
        var state = State.fieldBegins
        while let byte = try peek() {
            if position - start >= Self.longestRecord {
                return try malformed(from: record.line, "longer than 1 MiB, or a quote is not closed")
            }
            position += 1
            switch (state, byte) {
            case (.quoted, .quote):
                state = .quoteSeen
            case (.quoted, _):
                if byte == .lineFeed { line += 1 }
                record.bytes.append(byte)
            case (.quoteSeen, .quote):
                record.bytes.append(byte)
                state = .quoted
            case (_, .lineFeed):
                line += 1
                record.endField()
                return record
            case (_, .carriageReturn) where try peek() ?? .lineFeed == .lineFeed:
                continue
            case (_, .comma):
                record.endField()
                state = .fieldBegins
            case (.fieldBegins, .quote):
                state = .quoted
            case (.quoteSeen, _):
                return try malformed(from: record.line, "text follows a closing quote")
            case (.plain, .quote):
                return try malformed(from: record.line, "a quote inside a field that does not begin with one")
            default:
                record.bytes.append(byte)
                state = .plain
            }
        }
        if state == .quoted { return try malformed(from: record.line, "a quote is never closed") }
        record.endField()
        return record
    }

    /// Gives up on the record that begins on `line` and resumes on the line behind that one.
    private mutating func malformed(from line: Int, _ fault: String) throws(SourceError) -> CSVRecord {
        position = start
        self.line = line
        while let byte = try peek() {
            position += 1
            start = position
            guard byte == .lineFeed else { continue }
            self.line += 1
            break
        }
        return CSVRecord(line: line, fault: fault)
    }

    private mutating func peek(_ ahead: Int = 0) throws(SourceError) -> UInt8? {
        while position + ahead >= buffer.count {
            if isAtEnd { return nil }
            try refill()
        }
        return buffer[position + ahead]
    }

    private mutating func refill() throws(SourceError) {
        let bytes = try read()
        isAtEnd = bytes.isEmpty
        buffer.removeFirst(start)
        position -= start
        start = 0
        buffer += bytes
    }
}
