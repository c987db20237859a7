import Forecast

/// The format that a file is probably in.
public struct FormatGuess: Sendable {
    /// The format.
    public let format: NamedFormat
    /// Columns that the file has as the format has them.
    public let columns: [String]

    /// Looks at the beginning of a file.
    ///
    /// - Parameters:
    ///   - path: a file that can be read again.
    ///   - change: what the user has said of it.
    /// - Returns: nil where it is in none of the formats that we know.
    /// - Throws: `SourceError` where it cannot be read.
    public static func of(_ path: String, change: (inout FileLayout) -> Void = { _ in }) throws(SourceError)
        -> FormatGuess?
    {
        var best: FormatGuess?
        for format in NamedFormat.all {
            var layout = format.layout
            change(&layout)
            let file: ReadingFile
            do throws(SourceError) {
                file = try ReadingFile(path, layout: layout) { (names) throws(SourceError) in
                    guard names.indices(format.signature) != nil else { throw names.missing("", for: "") }
                    return layout.naming("?", names)
                }
            } catch {
                if error.code == .unreadable { throw error }
                continue
            }
            guard file.fits() else { continue }
            let columns = format.signature.isEmpty ? file.plan.columns : format.signature
            if columns.count > best?.columns.count ?? 0 { best = FormatGuess(format: format, columns: columns) }
        }
        return best
    }
}

extension ReadingFile {
    /// Whether the first rows have times and values where the layout has them.
    fileprivate func fits() -> Bool {
        var file = self
        var record = CSVRecord()
        let formats = plan.layout.timeFormats.compactMap { $0 == "auto" ? .automatic : StampFormat($0) }
        for _ in 0..<20 {
            guard (try? file.next(&record)) == true else { return false }
            let text = Array(plan.time.map { record[$0] }.joined(separator: [UInt8(ascii: " ")]))
            if fault(record) == nil, text.withUnsafeBytes({ text in formats.contains { $0.stamp(text) != nil } }) {
                return true
            }
        }
        return false
    }
}
