/// One record of a CSV file: its fields as bytes, quotes removed, all in one buffer.
struct CSVRecord {
    /// The line on which the record begins, counted from 1.
    fileprivate(set) var line = 0
    /// What is wrong with the record's quoting; it has no fields then.
    private(set) var fault: String?
    private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var begins: [Int] = []

    var count: Int { ends.count }

    /// Where a field is in `bytes`, without the blanks around it; nothing beyond the last field.
    func range(_ index: Int) -> Range<Int> {
        guard index < ends.count else { return 0..<0 }
        var (low, high) = (begins[index], ends[index])
        while low < high, bytes[low].isBlank { low += 1 }
        while low < high, bytes[high - 1].isBlank { high -= 1 }
        return low..<high
    }

    /// The field at a position, without the blanks around it.
    subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

    /// All fields as text.
    var texts: [String] { (0..<count).map { String(decoding: self[$0], as: UTF8.self) } }

    /// Whether both have the same fields.
    func hasFields(of other: CSVRecord) -> Bool {
        count == other.count && bytes == other.bytes && ends == other.ends
    }

    mutating func begin(line: Int) {
        self.line = line
        fault = nil
        bytes.removeAll(keepingCapacity: true)
        begins.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    /// The bytes since the last field are one.
    mutating func endField() {
        begins.append(ends.last ?? 0)
        ends.append(bytes.count)
    }

    /// Forgets the bytes since the last field.
    mutating func restartField() { bytes.removeSubrange((ends.last ?? 0)...) }

    /// Takes a line that has no quotes.
    mutating func take(_ text: UnsafeBufferPointer<UInt8>, delimiter: UInt8) {
        bytes.append(contentsOf: text)
        var start = 0
        for (index, byte) in text.enumerated() where byte == delimiter {
            begins.append(start)
            ends.append(index)
            start = index + 1
        }
        begins.append(start)
        ends.append(text.count)
    }

    mutating func fail(_ fault: String) {
        begin(line: line)
        self.fault = fault
    }
}

extension UInt8 {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let comma = UInt8(ascii: ",")
    static let quote = UInt8(ascii: "\"")

    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
