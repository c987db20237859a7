/// The kinds of files that readings are imported from.
public enum SourceFormat: Sendable {
    /// UCI data set 381, "Beijing PM2.5": one station, hourly by a local clock, wind accumulated.
    case uciBeijing(station: String, clock: LocalClock = .china)
    /// UCI data set 501, "Beijing Multi-Site Air Quality": each row names its station.
    case uciMultisite(clock: LocalClock = .china)
    /// Any CSV file whose columns the user names.
    case csv(NamedColumns)

    /// The UCI data set whose columns a header has; nil where it has neither's.
    ///
    /// - Parameter station: name of the station of data set 381, which does not say it.
    static func uci(_ header: CSVHeader, station: String, clock: LocalClock = .china) -> SourceFormat? {
        [.uciBeijing(station: station, clock: clock), .uciMultisite(clock: clock)]
            .first { (try? $0.reader(header: header)) != nil }
    }

    func reader(header: CSVHeader) throws(SourceError) -> any RowReader {
        switch self {
        case .uciBeijing(let station, let clock): try UCIBeijing(header: header, station: station, clock: clock)
        case .uciMultisite(let clock): try UCIMultisite(header: header, clock: clock)
        case .csv(let columns): try NamedColumnsReader(header: header, columns: columns)
        }
    }
}

/// Turns the records of one file into readings.
protocol RowReader {
    /// The measures that the file has a column for, in the table's order.
    var measures: [MeasureColumn] { get }
    /// The columns of the file that were used.
    var used: Set<String> { get }

    mutating func reading(from record: CSVRecord) throws(RowFault) -> ParsedReading
}

/// The names in the first line of a CSV file.
struct CSVHeader {
    let file: String
    let names: [String]

    /// Where a column stands.
    func index(of name: String) throws(SourceError) -> Int {
        guard let index = names.firstIndex(of: name) else {
            throw SourceError(
                .header, file: file, "no column '\(name)' in the header; it has \(names.joined(separator: ", "))")
        }
        return index
    }
}
