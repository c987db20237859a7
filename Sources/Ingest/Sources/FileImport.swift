/// What became of one file.
public struct FileImport: Sendable {
    /// The file as the user named it.
    public let file: String
    /// What the transaction did.
    public let counts: Importer.Counts
    /// What became of its rows and values.
    public let report: FileReport
}

extension ReadingFile {
    /// Reads everything, and refuses what would be stored wrong.
    ///
    /// - Parameters:
    ///   - onRejected: gets each row that cannot be used.
    ///   - progress: called after some thousand rows each, with the bytes and rows read so far.
    /// - Returns: the hours, in constant memory.
    public func read(
        onRejected: @escaping (RejectedRow) -> Void = { _ in },
        progress: (_ bytesRead: Int, _ rows: Int) -> Void = { _, _ in }
    ) throws(SourceError) -> FileReadings {
        var reader = try RowReader(self, onRejected: onRejected)
        try reader.read(progress: progress)
        return reader.readings()
    }
}

extension Importer {
    /// Writes a file in one transaction.
    ///
    /// - Parameters:
    ///   - file: is read from where it stands to its end.
    ///   - place: of the stations that are not there yet.
    ///   - isStrict: a rejected row or a lost value is an error, and nothing of the file is written.
    ///   - onRejected: gets each row that cannot be used.
    ///   - progress: called after some thousand rows each, with the bytes and rows read so far.
    /// - Throws: `SourceError`, or as `write`.
    public func write(
        _ file: ReadingFile, place: Place? = nil, isStrict: Bool = false,
        onRejected: @escaping (RejectedRow) -> Void = { _ in },
        progress: (_ bytesRead: Int, _ rows: Int) -> Void = { _, _ in }
    ) async throws -> FileImport {
        var readings = try file.read(onRejected: onRejected, progress: progress)
        guard !readings.measures.isEmpty else {
            return FileImport(file: file.name, counts: Counts(), report: readings.report)
        }
        var counts = try await write(measures: readings.measures, place: place) {
            if let reading = try readings.popFirst() { return reading }
            if isStrict { try readings.report.refuseLosses(of: file.name) }
            return nil
        }
        counts.repeated += readings.report.repeated
        return FileImport(file: file.name, counts: counts, report: readings.report)
    }
}

extension FileReport {
    fileprivate func refuseLosses(of file: String) throws(SourceError) {
        if let first = firstRejected {
            throw SourceError(
                .rejected, file: file,
                "nothing written: \(rejected) rows rejected, the first on line \(first.line): \(first.reason)")
        }
        guard let first = lost.min(by: { $0.value.line < $1.value.line }) else { return }
        throw SourceError(
            .rejected, file: file,
            "nothing written: \(lostValues) values not read, the first on line \(first.value.line): \(first.key)")
    }
}
