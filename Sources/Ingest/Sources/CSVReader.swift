import Glibc

/// Splits a stream of bytes into the records of RFC 4180, keeping the line on which each begins.
///
/// Our own because the ready-made one for Swift (SwiftCSV) holds the whole file and its rows as strings and knows no line
/// numbers, and a rejected row is worth nothing to a user without its line. Lines end in LF or CRLF, a leading UTF-8 byte
/// order mark is dropped, blank lines are passed over, and a quoted field may hold delimiters, doubled quotes and line
/// breaks.
///
/// A quote that is never closed must not swallow the rows behind it: whatever goes wrong inside a record costs its first
/// line only, and reading resumes on the next.
struct CSVReader {
    /// A record longer than this many bytes is malformed; it bounds what an unclosed quote can make us hold.
    static let longestRecord = 1 << 20

    /// Between fields.
    var delimiter = UInt8.comma
    /// Around fields.
    var quote = UInt8.quote
    /// Lines that begin with it are passed over.
    var comment: UInt8?

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
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { (start, position) = (3, 3) }
    }

    /// The bytes that come next, at most so many; they stay to be read.
    mutating func beginning(_ most: Int) throws(SourceError) -> ArraySlice<UInt8> {
        while buffer.count - position < most, !isAtEnd { try refill() }
        return buffer[position...].prefix(most)
    }

    /// Passes over a line, whatever it holds; false at the end.
    mutating func skipLine() throws(SourceError) -> Bool {
        start = position
        guard try lineEnd() != nil else { return false }
        return true
    }

    /// The next record; false at the end.
    mutating func next(_ record: inout CSVRecord) throws(SourceError) -> Bool {
        while let byte = try peek() {
            start = position
            if byte == .lineFeed {
                position += 1
                line += 1
            } else if byte == .carriageReturn, try peek(1) ?? .lineFeed == .lineFeed {
                position += 1
            } else if byte == comment {
                _ = try lineEnd()
            } else {
                record.begin(line: line)
                try self.record(&record)
                return true
            }
        }
        return false
    }

    /// Passes over what is left of the line.
    ///
    /// - Returns: its end, without LF; nil at the end of the file.
    private mutating func lineEnd() throws(SourceError) -> Int? {
        var searched = 0
        while true {
            let found = buffer.withUnsafeBufferPointer { bytes -> Int? in
                guard let base = bytes.baseAddress, position + searched < bytes.count else { return nil }
                let place = memchr(base + position + searched, Int32(UInt8.lineFeed), bytes.count - position - searched)
                return place.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) }
            }
            if let found {
                position = found + 1
                line += 1
                return found
            }
            searched = buffer.count - position
            if isAtEnd || buffer.count - start > Self.longestRecord {
                guard searched > 0 else { return nil }
                position = buffer.count
                return isAtEnd ? buffer.count : nil
            }
            try refill()
        }
    }

    private enum State { case fieldBegins, plain, quoted, quoteSeen }

    private mutating func record(_ record: inout CSVRecord) throws(SourceError) {
        if let end = try lineEnd() {
            let taken = buffer.withUnsafeBufferPointer { bytes -> Bool in
                var text = UnsafeBufferPointer(rebasing: bytes[start..<end])
                if text.last == .carriageReturn { text = UnsafeBufferPointer(rebasing: text.dropLast()) }
                guard let base = text.baseAddress, memchr(base, Int32(quote), text.count) == nil else { return false }
                record.take(text, delimiter: delimiter)
                return true
            }
            if taken { return }
        }
        position = start
        line = record.line
        try quoted(&record)
    }

    private mutating func quoted(_ record: inout CSVRecord) throws(SourceError) {
        var state = State.fieldBegins
        while let byte = try peek() {
            if position - start >= Self.longestRecord {
                return try malformed(&record, "longer than 1 MiB, or a quote is not closed")
            }
            position += 1
            switch (state, byte) {
            case (.quoted, quote):
                state = .quoteSeen
            case (.quoted, _):
                if byte == .lineFeed { line += 1 }
                record.append(byte)
            case (.quoteSeen, quote):
                record.append(byte)
                state = .quoted
            case (_, .lineFeed):
                line += 1
                record.endField()
                return
            case (_, .carriageReturn) where try peek() ?? .lineFeed == .lineFeed:
                continue
            case (_, delimiter):
                record.endField()
                state = .fieldBegins
            case (.fieldBegins, quote):
                record.restartField()
                state = .quoted
            case (.fieldBegins, _) where byte.isBlank:
                record.append(byte)
            case (.quoteSeen, _) where byte.isBlank:
                continue
            case (.quoteSeen, _):
                return try malformed(&record, "text follows a closing quote")
            case (.plain, quote):
                return try malformed(&record, "a quote inside a field that does not begin with one")
            default:
                record.append(byte)
                state = .plain
            }
        }
        if state == .quoted { return try malformed(&record, "a quote is never closed") }
        record.endField()
    }

    /// Gives up on a record and resumes on the line behind that on which it begins.
    private mutating func malformed(_ record: inout CSVRecord, _ fault: String) throws(SourceError) {
        position = start
        line = record.line
        while let byte = try peek() {
            position += 1
            start = position
            guard byte == .lineFeed else { continue }
            line += 1
            break
        }
        record.fail(fault)
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
