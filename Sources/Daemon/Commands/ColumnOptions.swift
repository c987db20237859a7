import ArgumentParser
import Ingest

/// How the columns and stamps of a csv file are read.
struct ColumnOptions: ParsableArguments {
    @Option(
        name: .customLong("column"), parsing: .singleValue,
        help: ArgumentHelp("csv: what one of our columns is called in the file; repeatable.", valueName: "ours=theirs"))
    var columns: [String] = []

    @Option(
        // Offsets west of Greenwich begin with a dash.
        parsing: .unconditional,
        help: """
            The clock of stamps that carry no offset: +05:30, UTC or a name such as Europe/Berlin. An hour that the clock \
            shows twice is the earlier one on its first row and the later one on the next. Default: UTC, for the UCI \
            formats +08:00.
            """)
    var timezone: String?

    /// Whether neither option is given.
    var isEmpty: Bool { columns.isEmpty && timezone == nil }

    /// The clock of `--timezone`; nil for the format's own.
    ///
    /// - Throws: `ValidationError` for what is no time zone.
    func clock() throws -> LocalClock? {
        try timezone.map { name in
            guard let clock = LocalClock(name) else {
                throw ValidationError(
                    "'\(name)' is no time zone; give an offset such as +05:30 or a name such as Europe/Berlin")
            }
            return clock
        }
    }

    /// The file's columns by ours.
    ///
    /// - Throws: `ValidationError` for a text that is no pair, and for a column that is named twice or does not exist.
    func names() throws -> [String: String] {
        var names: [String: String] = [:]
        for column in columns {
            let parts = column.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, names.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw ValidationError("--column \(column): give each of our columns once, as ours=theirs")
            }
        }
        do {
            _ = try NamedColumns(names: names)
        } catch {
            throw ValidationError(error.description)
        }
        return names
    }
}
