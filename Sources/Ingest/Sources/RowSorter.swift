import Glibc

/// Rows of a file by station and time, in constant memory: what does not fit goes into a temporary file.
///
/// Rows of one station and time come in the order of the file.
final class RowSorter {
    /// What a row says of one station and time.
    struct Row {
        var station = 0
        /// Microseconds since 1970 UTC.
        var instant: Int64 = 0
        var line = 0
        /// The columns that it is about.
        var mask: UInt16 = 0
        /// As `RowValues.columns` has them.
        var values = SIMD16<Double>(repeating: .nan)
    }

    /// Sorted rows in the temporary file.
    private struct Run {
        /// In rows.
        var position: Int
        let end: Int
        var buffer: [Int64] = []
        var next = 0
    }

    /// Bytes of rows that are held.
    static let memory = 1 << 26
    /// Words of a row before its values.
    private static let head = 3
    private static let wordsRead = 1 << 15

    /// Places among the columns that rows may have a value at.
    private let places: [Int]
    private let width: Int
    private let capacity: Int
    private var words: [Int64] = []
    private var order: [Int32] = []
    private var isSorted = true
    private var runs: [Run] = []
    private var descriptor: Int32 = -1
    private var written = 0
    private var next = 0
    private(set) var count = 0

    init(places: [Int], memory: Int = RowSorter.memory) {
        self.places = places
        width = Self.head + places.count
        capacity = max(memory / (8 * width), 2)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// - Parameter file: of which they are, for what goes wrong.
    func append(_ row: Row, of file: String) throws(SourceError) {
        if words.count == capacity * width { try spill(file) }
        if isSorted, !words.isEmpty {
            let last = words.count - width
            isSorted =
                (words[last], words[last + 1]) < (Int64(row.station), row.instant)
                || (words[last], words[last + 1]) == (Int64(row.station), row.instant)
        }
        words.append(Int64(row.station))
        words.append(row.instant)
        words.append(Int64(row.line) << 16 | Int64(row.mask))
        for place in places { words.append(Int64(bitPattern: row.values[place].bitPattern)) }
        count += 1
    }

    /// Puts the rows that are held in order.
    private func sort() {
        let rows = words.count / width
        order = Array(0..<Int32(rows))
        if isSorted { return }
        words.withUnsafeBufferPointer { [width] words in
            // Rows are held in the order of the file, so that the last key is their place.
            order.sort { left, right in
                let (l, r) = (Int(left) * width, Int(right) * width)
                if words[l] != words[r] { return words[l] < words[r] }
                if words[l + 1] != words[r + 1] { return words[l + 1] < words[r + 1] }
                return left < right
            }
        }
    }

    private func spill(_ file: String) throws(SourceError) {
        func fail() -> SourceError {
            SourceError(
                .unreadable, file: file,
                "no temporary file for sorting in \(Self.folder): \(String(cString: strerror(errno)))")
        }
        if descriptor < 0 {
            var template = Array("\(Self.folder)/hazecast-XXXXXX".utf8CString)
            descriptor = mkstemp(&template)
            guard descriptor >= 0 else { throw fail() }
            unlink(template)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        sort()
        var sorted: [Int64] = []
        sorted.reserveCapacity(words.count)
        for index in order { sorted += words[Int(index) * width..<(Int(index) + 1) * width] }
        let isWritten = sorted.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let result = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { return false }
                done += result
            }
            return true
        }
        guard isWritten else { throw fail() }
        runs.append(Run(position: written, end: written + order.count))
        written += order.count
        words.removeAll(keepingCapacity: true)
        isSorted = true
    }

    private static var folder: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    /// No row comes any more.
    func finish(_ file: String) throws(SourceError) {
        if runs.isEmpty {
            sort()
        } else if !words.isEmpty {
            try spill(file)
            words = []
        }
    }

    /// The next row; nil at the end.
    func popFirst() -> Row? {
        if runs.isEmpty {
            guard next < order.count else { return nil }
            next += 1
            return row(words, at: Int(order[next - 1]) * width)
        }
        var first: Int?
        for index in runs.indices {
            if runs[index].next == runs[index].buffer.count { fill(index) }
            guard runs[index].next < runs[index].buffer.count else { continue }
            // Of rows with the same key the run that was written first has the earlier ones.
            if first.map({ isBefore(index, $0) }) ?? true { first = index }
        }
        guard let first else { return nil }
        defer { runs[first].next += width }
        return row(runs[first].buffer, at: runs[first].next)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (l, r) = (runs[left].next, runs[right].next)
        return (runs[left].buffer[l], runs[left].buffer[l + 1]) < (runs[right].buffer[r], runs[right].buffer[r + 1])
    }

    private func fill(_ index: Int) {
        let rows = min(runs[index].end - runs[index].position, max(Self.wordsRead / width, 1))
        guard rows > 0 else { return }
        let bytes = rows * width * 8
        let offset = runs[index].position * width * 8
        runs[index].buffer = [Int64](unsafeUninitializedCapacity: rows * width) { space, count in
            var done = 0
            while done < bytes {
                let base = UnsafeMutableRawPointer(space.baseAddress).map { $0 + done }
                let result = pread(descriptor, base, bytes - done, off_t(offset + done))
                if result < 0, errno == EINTR { continue }
                precondition(result > 0, "our own temporary file cannot be read")
                done += result
            }
            count = rows * width
        }
        runs[index].next = 0
        runs[index].position += rows
    }

    private func row(_ words: [Int64], at start: Int) -> Row {
        var row = Row()
        row.station = Int(words[start])
        row.instant = words[start + 1]
        row.line = Int(words[start + 2] >> 16)
        row.mask = UInt16(truncatingIfNeeded: words[start + 2])
        for (index, place) in places.enumerated() {
            row.values[place] = Double(bitPattern: UInt64(bitPattern: words[start + Self.head + index]))
        }
        return row
    }
}
