import Foundation

/// How a text file of measurements is written and what its columns hold.
///
/// A named format is one of these; the options of `hazecast import` change single parts of it.
public struct FileLayout: Sendable {
    /// Where the names of columns come from.
    package enum Header: Equatable, Sendable {
        /// The first line, or the first one that has all columns that are asked for.
        case line
        /// Nowhere: columns are numbered from 1.
        case none
        case names([String])
    }

    /// What to make of rows of one station and time.
    package enum Repeats: String, CaseIterable, Sendable {
        case mean, last
    }

    /// A condition: the field of a column is one of these texts.
    package struct Condition: Equatable, Sendable {
        package var column: String
        package var values: [String]

        /// A condition from its parts.
        package init(_ column: String, _ values: [String]) { (self.column, self.values) = (column, values) }
    }

    // How the text is written.

    /// As `iconv` calls it; nil is UTF-8, or UTF-16 with a byte order mark.
    package var encoding: String?
    /// nil for the one of comma, semicolon, tab and bar that divides the lines alike.
    package var delimiter: UInt8?
    package var quote = UInt8.quote
    /// Lines that begin with it are no rows.
    package var comment: UInt8?
    package var skipLines = 0
    package var skipAfterHeader = 0
    package var header = Header.line
    package var numbers = NumberStyle()

    // What the columns are.

    /// Ours, and how the file may call them: the first that it has counts. `observed_at` and `station` may be of several
    /// columns, which are joined.
    package var columns: [String: [[String]]] = [:]
    /// Those of `columns` that must be there.
    package var required: Set<String> = ["observed_at"]
    /// Name of the station where no column says it.
    package var station: String?
    /// Whether a name that the user gives counts instead of the column that the format has for it.
    package var stationMayBeNamed = false
    /// Measures by what the column `parameter` calls them; a leading or trailing `*` stands for any text.
    package var parameters: [String: String] = [:]
    /// The first and the last of the columns that are hours of a day.
    package var hourColumns: [String]?
    /// The first and the last of the columns that are stations.
    package var stationColumns: [String]?
    /// What columns of hours or stations hold where no column says it.
    package var measure = "pm25"
    /// Rows of which all hold are read; the others are about something else.
    package var conditions: [Condition] = []
    /// The values of other rows are not valid.
    package var valid: [Condition] = []

    // What the values mean.

    /// As `StampFormat` knows them; the first that fits a time counts.
    package var timeFormats: [String] = ["auto"]
    /// The clock of times without an offset.
    package var timeZone: String?
    /// Whether a time is the end of what its row stands for.
    package var isEnd = false
    /// Seconds that a row stands for; nil is an hour, which then must begin at a whole one.
    package var step: Double?
    /// Seconds that a value holds until the next; the step does not count then.
    package var carry: Double?
    package var repeats: Repeats?
    package var units: [String: String] = [:]
    /// Measures whose unit the user has said: it is not doubted.
    package var saidUnits: Set<String> = []
    package var missing = RowValues.commonMissing
    /// Numbers that mean no value, of a measure; of all under the empty name.
    package var errorCodes: [String: [Double]] = [:]
    package var correction: String?
    /// The column that numbers rows from 1, where the wind speed is a sum while the direction stays the same.
    package var windSumRow: String?

    /// A comma-separated file in our own names.
    public init() {}

    /// A layout of columns; each has the alternatives that are named, `+` between columns that are joined.
    package init(_ columns: [String: String], required: Set<String> = ["observed_at"]) {
        self.columns = columns.mapValues { text in
            text.components(separatedBy: "|").map { $0.components(separatedBy: "+") }
        }
        self.required = required
    }

    /// What a file may say, by our names.
    package static let names =
        ["station", "observed_at"] + RowValues.order + ["parameter", "value", "unit"]

    /// Takes the user's word for the station.
    package mutating func setStation(_ name: String) {
        station = name
        if stationMayBeNamed, !required.contains("station") { columns["station"] = nil }
    }

    /// Takes the user's word for a column.
    package mutating func setColumn(_ ours: String, _ theirs: [String]) {
        columns[ours] = [theirs]
        required.insert(ours)
        if ours == "pm25" {
            columns["pm25_b"] = nil
            correction = nil
        }
        if ours == "station" { station = nil }
    }
}
