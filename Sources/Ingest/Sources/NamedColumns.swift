import Forecast

/// Which column of a CSV file holds what.
///
/// A file must have `observed_at` and at least one measure, under the names of `hazecast.reading` or the ones given here.
/// Each reading stands for the hour that its stamp begins.
public struct NamedColumns: Sendable {
    /// Name of the station, where the file has no column for it.
    public let station: String?
    /// The clock of stamps that carry no offset of their own.
    public let clock: LocalClock
    /// The file's columns by ours, where the names differ.
    public let names: [String: String]

    /// What a file may say, by our names.
    public static let columns = ["station", "observed_at"] + MeasureColumn.allCases.map(\.rawValue)

    /// - Throws: `SourceError.options` for a name that is none of `columns`.
    public init(
        station: String? = nil, clock: LocalClock = .utc, names: [String: String] = [:]
    ) throws(SourceError) {
        if let unknown = names.keys.filter({ !Self.columns.contains($0) }).min() {
            throw SourceError(
                .options, "there is no column '\(unknown)'; there are \(Self.columns.joined(separator: ", "))")
        }
        self.station = station
        self.clock = clock
        self.names = names
    }
}

struct NamedColumnsReader: RowReader {
    let measures: [MeasureColumn]
    let used: Set<String>
    private let observedAt: Int
    /// nil where every row is of `stationName`.
    private let station: Int?
    private let stationName: String
    private let indices: [(column: MeasureColumn, index: Int)]
    private var hours: HourReader

    init(header: CSVHeader, columns: NamedColumns) throws(SourceError) {
        func name(_ column: String) -> String { columns.names[column] ?? column }
        /// nil only where the file lacks a column that the user has not asked for by name.
        func index(_ column: String) throws(SourceError) -> Int? {
            columns.names[column] == nil ? header.names.firstIndex(of: column) : try header.index(of: name(column))
        }
        observedAt = try header.index(of: name("observed_at"))
        station = try index("station")
        stationName = columns.station ?? ""
        switch (station, columns.station) {
        case (nil, nil):
            throw SourceError(
                .header, file: header.file, "no column for the station; name it with --station or --column")
        case (_?, _?):
            throw SourceError(
                .options, file: header.file, "the file has a column for the station; leave --station out")
        default: break
        }
        var indices: [(column: MeasureColumn, index: Int)] = []
        for column in MeasureColumn.allCases {
            if let index = try index(column.rawValue) { indices.append((column, index)) }
        }
        if indices.isEmpty {
            throw SourceError(
                .header, file: header.file,
                "no column for any measure in the header; it has \(header.names.joined(separator: ", ")); "
                    + "name them with --column, for example --column pm25=\(header.names.last ?? "")")
        }
        self.indices = indices
        measures = indices.map(\.column)
        used = Set((["station", "observed_at"] + measures.map(\.rawValue)).map(name))
        hours = HourReader(clock: columns.clock)
    }

    mutating func reading(from record: CSVRecord) throws(RowFault) -> ParsedReading {
        let name = try station.map { (index) throws(RowFault) in try record[index].stationName() } ?? stationName
        let hour = try hours.hour(LocalStamp(record[observedAt], "observed_at"), station: name)
        var measures = Measures()
        for (column, index) in indices {
            let field = record[index]
            if column == .windDirection, let wind = Wind(word: field) {
                measures.windDirection = wind.degrees
            } else {
                measures[column] = try field.number(column.rawValue)
            }
        }
        return ParsedReading(station: name, hour: hour, measures: measures)
    }
}
