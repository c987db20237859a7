/// What became of one file.
public struct FileImport: Sendable {
    /// The file as the user named it.
    public let file: String
    /// What the transaction did.
    public let counts: Importer.Counts
    /// Rows that were left out, in the order of the file.
    public let rejected: [RejectedRow]
}

extension Importer {
    /// Writes a file in one transaction.
    ///
    /// - Parameters:
    ///   - file: is read from where it stands to its end.
    ///   - place: of the stations that are not there yet.
    ///   - isStrict: a rejected row is an error, and nothing of the file is written.
    ///   - progress: called after some thousand rows each, with the bytes and rows read so far.
    /// - Throws: `SourceError`, or as `write`.
    public func write(
        _ file: ReadingFile, place: Place? = nil, isStrict: Bool = false,
        progress: (_ bytesRead: Int, _ rows: Int) -> Void = { _, _ in }
    ) async throws -> FileImport {
        var file = file
        var rejected: [RejectedRow] = []
        var rows = 0
        let counts = try await write(measures: file.measures, place: place) {
            while let row = try file.next() {
                rows += 1
                if rows.isMultiple(of: 4096) { progress(file.bytesRead, rows) }
                switch row {
                case .reading(let reading): return reading
                case .rejected(let row): rejected.append(row)
                }
            }
            if isStrict, let first = rejected.first {
                throw SourceError(
                    .rejected, file: file.name,
                    "nothing written: \(rejected.count) rows rejected, the first on line \(first.line): \(first.reason)"
                )
            }
            return nil
        }
        return FileImport(file: file.name, counts: counts, rejected: rejected)
    }
}
