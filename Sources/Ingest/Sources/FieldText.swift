/// Fields of a record as the values that readings are made of.
extension ArraySlice<UInt8> {
    /// Empty or `NA`: nothing was measured.
    var isMissing: Bool { isEmpty || elementsEqual("NA".utf8) }

    /// The field for a person: at most 40 bytes and nothing that a terminal would obey.
    var shown: String {
        let text = String(decoding: prefix(40), as: UTF8.self)
        let safe = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : String($0) }
        return "'\(safe.joined())\(count > 40 ? "…" : "")'"
    }

    /// A measured value; NaN where missing.
    ///
    /// Plain decimal notation only, with or without exponent. Words such as `nan` or `inf`, hexadecimal numbers and values
    /// that PostgreSQL's `real` cannot hold are faults: each would be stored as something that nobody measured.
    func number(_ column: String) throws(RowFault) -> Float {
        Float(try decimal(column, as: Float.self))
    }

    /// The same at the precision that differences of accumulated values need.
    func decimal<Number: BinaryFloatingPoint & LosslessStringConvertible>(
        _ column: String, as type: Number.Type
    ) throws(RowFault) -> Number {
        if isMissing { return .nan }
        let isDecimal = allSatisfy { $0.isDigit || "+-.eE".utf8.contains($0) }
        guard isDecimal, let value = Number(String(decoding: self, as: UTF8.self)) else {
            throw RowFault("\(column): \(shown) is not a number")
        }
        guard value.isFinite else { throw RowFault("\(column): \(shown) does not fit a 32-bit number") }
        return value
    }

    /// A whole number, as parts of a date are.
    func integer(_ column: String) throws(RowFault) -> Int {
        guard allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "-") }),
            let value = Int(String(decoding: self, as: UTF8.self))
        else { throw RowFault("\(column): \(shown) is not a whole number") }
        return value
    }

    /// A station's name: UTF-8 without control characters, not empty.
    func stationName() throws(RowFault) -> String {
        guard !isMissing else { throw RowFault("the station is missing") }
        guard let name = String(validating: self, as: UTF8.self),
            !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw RowFault("station: \(shown) is not UTF-8 text") }
        return name
    }
}
