public import Forecast

/// One row of a file: what one station reported for one hour, in the units of `Measures`.
public struct ParsedReading: Sendable {
    /// Name of the station.
    public let station: String
    /// The UTC hour that the reading begins.
    public let hour: UTCHour
    /// What was measured; NaN where the row says nothing.
    public let measures: Measures

    /// A reading from its parts.
    public init(station: String, hour: UTCHour, measures: Measures) {
        self.station = station
        self.hour = hour
        self.measures = measures
    }
}

/// A row that cannot become a reading, and why.
public struct RejectedRow: Sendable, Equatable {
    /// The line of the file on which the row begins, counted from 1.
    public let line: Int
    /// One line for a person.
    public let reason: String

    /// A rejected row from its parts.
    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}

/// Why one row is rejected; `RowReader` adds the line.
struct RowFault: Error, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
