/// One record of a CSV file: its fields as bytes, quotes removed, all in one buffer.
struct CSVRecord {
    /// The line on which the record begins, counted from 1.
    let line: Int
    /// What is wrong with the record's quoting; it has no fields then.
    let fault: String?
    var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(line: Int, fault: String? = nil) {
        self.line = line
        self.fault = fault
    }

    var count: Int { ends.count }

    /// The field at a position, without the spaces around it.
    subscript(index: Int) -> ArraySlice<UInt8> {
        var field = bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
        while let first = field.first, first.isBlank { field.removeFirst() }
        while let last = field.last, last.isBlank { field.removeLast() }
        return field
    }

    mutating func endField() { ends.append(bytes.count) }
}

extension UInt8 {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let comma = UInt8(ascii: ",")
    static let quote = UInt8(ascii: "\"")

    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
