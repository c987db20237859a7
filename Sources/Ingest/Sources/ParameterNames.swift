/// What a file calls measures, by the bytes of its parameter column.
struct ParameterNames {
    private var exact: [[UInt8]: Int?] = [:]
    private var patterns: [(text: [UInt8], isSuffix: Bool, column: Int)] = []
    private var matched: [Int: [UInt8]] = [:]
    /// A name that matches a pattern as another name did before.
    private(set) var twice: String?

    init(_ parameters: [String: String], columns: [String]) {
        for (theirs, ours) in parameters {
            guard let column = columns.firstIndex(of: ours) else { continue }
            if theirs.hasPrefix("*") {
                patterns.append((Array(theirs.utf8.dropFirst()), true, column))
            } else if theirs.hasSuffix("*") {
                patterns.append((Array(theirs.utf8.dropLast()), false, column))
            } else {
                exact[Array(theirs.utf8)] = column
            }
        }
    }

    /// The column among those read; nil for a measure that is not.
    mutating func column(_ name: ArraySlice<UInt8>) -> Int? {
        let name = Array(name)
        if let known = exact[name] { return known }
        let pattern = patterns.first { pattern in
            pattern.isSuffix ? name.reversed().starts(with: pattern.text.reversed()) : name.starts(with: pattern.text)
        }
        exact[name] = .some(pattern?.column)
        guard let pattern else { return nil }
        if matched.updateValue(name, forKey: pattern.column) != nil { twice = String(decoding: name, as: UTF8.self) }
        return pattern.column
    }
}
