/// What became of the rows and values of a file.
public struct FileReport: Sendable {
    /// Values that were lost for one reason.
    public struct Lost: Sendable {
        /// How many.
        public internal(set) var count = 0
        /// Line of the first, where it is known.
        public internal(set) var line: Int
        /// Text of the first, or the station and time.
        public internal(set) var text: String?
    }

    /// Rows that were read.
    public internal(set) var rows = 0
    /// Rows that were left out, because they cannot be used.
    public internal(set) var rejected = 0
    /// Rows about something else.
    public internal(set) var others = 0
    /// Rows whose values are not valid by what the file says.
    public internal(set) var invalid = 0
    /// Values that were lost while their row was kept, by reason.
    public internal(set) var lost: [String: Lost] = [:]
    /// Hours of which less than 75 % is there.
    public internal(set) var incomplete = 0
    /// Rows that another one for the same station and time has replaced.
    public internal(set) var repeated = 0

    /// Places in `RowValues.order` that have a value.
    var filled: UInt16 = 0
    var firstRejected: RejectedRow?
    /// What ends the reading.
    var failure: SourceError?

    /// Values that were lost.
    public var lostValues: Int { lost.values.reduce(0) { $0 + $1.count } }

    mutating func lose(_ reason: String, line: Int, text: String?) {
        lost[reason, default: Lost(line: line, text: text)].count += 1
    }
}
