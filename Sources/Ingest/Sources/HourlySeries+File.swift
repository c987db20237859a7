public import Forecast

extension HourlySeries {
    /// Longest span of a series read from a file, 100 years: a mistyped year must not ask for memory without end.
    private static let longestSpan = 100 * 8766

    /// The whole of a file in a named format.
    public static func reading(
        _ path: String, as format: NamedFormat?
    ) throws(SourceError) -> (series: HourlySeries, report: FileReport) {
        try reading(ReadingFile(path, layout: (format ?? .csv).layout))
    }

    /// The whole of a file that holds one station, for training and backtests.
    ///
    /// Hours without a row are missing.
    ///
    /// - Returns: the series and what became of the rows.
    /// - Throws: `SourceError` also where the file has no reading, several stations, or spans more than 100 years.
    public static func reading(
        _ file: ReadingFile, onRejected: @escaping (RejectedRow) -> Void = { _ in }
    ) throws(SourceError) -> (series: HourlySeries, report: FileReport) {
        var readings = try file.read(onRejected: onRejected)
        var rows: [(hour: UTCHour, measures: Measures)] = []
        var station: String?
        while let reading = try readings.popFirst() {
            guard station ?? reading.station == reading.station else {
                throw SourceError(.options, file: file.name, "holds several stations; a series is of one")
            }
            station = reading.station
            rows.append((reading.hour, reading.measures))
        }
        let report = readings.report
        guard let first = rows.first?.hour, let last = rows.last?.hour else {
            let reason = report.firstRejected.map {
                ": all \(report.rejected) rows left out, the first on line \($0.line): \($0.reason)"
            }
            throw SourceError(.unreadable, file: file.name, "holds no reading\(reason ?? "")")
        }
        guard first.distance(to: last) < longestSpan, let series = HourlySeries(rows: rows) else {
            throw SourceError(.unreadable, file: file.name, "spans more than 100 years")
        }
        return (series, report)
    }
}
