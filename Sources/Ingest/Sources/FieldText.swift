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

    /// A station's name: UTF-8 without control characters, not empty.
    func stationName() throws(RowFault) -> String {
        guard !isMissing else { throw RowFault("the station is missing") }
        guard let name = String(validating: self, as: UTF8.self),
            !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw RowFault("station: \(shown) is not UTF-8 text") }
        return name
    }
}
