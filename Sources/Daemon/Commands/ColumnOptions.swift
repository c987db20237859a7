import ArgumentParser
import Foundation
package import Ingest

/// How a text file is written and what its columns are; each option changes a part of the format.
package struct ColumnOptions: ParsableArguments {
    package init() {}

    @Option(
        name: .customLong("column"), parsing: .singleValue,
        help: ArgumentHelp(
            """
            The file's column for one of ours: station, observed_at, pm25, pm25_b (a second channel), dew_point, \
            temperature, pressure, wind_direction, wind_speed, humidity, wind_u, wind_v, and in files of a row per measure \
            parameter, value and unit. Repeatable; observed_at and station may be given several columns, such as date and time.
            """, valueName: "ours=theirs"))
    var columns: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "What the column parameter calls a measure, such as pm25=88101; repeatable.", valueName: "ours=theirs"))
    var parameter: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "The unit of a measure, such as temperature=F, pressure=mmHg, wind_speed=km/h or pm25=mg/m3; repeatable.",
            valueName: "ours=unit"))
    var units: [String] = []

    @Option(
        // Offsets west of Greenwich begin with a dash.
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The clock of times that carry no offset: UTC, +05:30 or a name such as Europe/Berlin. An hour that it shows \
            twice is told apart by the order of the rows.
            """, valueName: "zone"))
    var timeZone: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            How times are written: iso, epoch, epoch-ms, or with strptime's letters such as '%d/%m/%Y %H:%M'; columns that \
            are joined have a blank between them.
            """, valueName: "format"))
    var timeFormat: String?

    @Option(help: ArgumentHelp("Whether times begin or end what a row stands for.", valueName: "begin|end"))
    var stamps: Stamps?

    @Option(
        help: ArgumentHelp(
            "How long a row stands for, such as 10min, 147.6s or 1h. Default: an hour.", valueName: "time"))
    var step: String?

    @Option(help: ArgumentHelp("A value holds until the next, for so long at most: 1h.", valueName: "time"))
    var carry: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Of pm25: purpleair (US EPA 2021, from cf_1 and humidity), a slope and an offset such as '0.86*x+1.2', or none.
            """, valueName: "name"))
    var correction: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A word for no value, besides NA, null, - and their like; repeatable.", valueName: "word"))
    var missing: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A number that means no value: -999, or of one measure pm25=985; repeatable.", valueName: "code"))
    var errorCode: [String] = []

    @Option(
        name: .customLong("where"), parsing: .singleValue,
        help: ArgumentHelp(
            "Read only rows in which a column is one of these texts; repeatable.", valueName: "column=a,b"))
    var conditions: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Values count only where a column, such as a quality flag, is one of these.", valueName: "qc=1,2"))
    var valid: [String] = []

    @Option(help: ArgumentHelp("What counts of rows of one station and time that differ.", valueName: "mean|last"))
    var repeats: Repeats?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Between fields: one character, or tab. Default: found out.", valueName: "character"))
    var delimiter: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Of numbers: , or a point.", valueName: "mark"))
    var decimal: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Between groups of three digits; 1,013.2 is read without.", valueName: "mark"))
    var thousands: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Around fields. Default: \".", valueName: "character"))
    var quote: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Lines that begin with it are passed over.", valueName: "character")
    )
    var comment: String?

    @Option(help: ArgumentHelp("Lines above the header.", valueName: "count"))
    var skipLines: Int?

    @Option(help: ArgumentHelp("Lines between header and rows, such as units.", valueName: "count"))
    var skipAfterHeader: Int?

    @Flag(help: "There is no header; columns are numbered from 1.")
    var noHeader = false

    @Option(help: ArgumentHelp("The names of columns of a file without a header, between commas.", valueName: "names"))
    var header: String?

    @Option(help: ArgumentHelp("How the text is encoded, as iconv calls it: latin1, big5, utf-16.", valueName: "name"))
    var encoding: String?

    @Option(
        help: ArgumentHelp(
            "The columns that are the hours of a day; the first number in their names is the hour.",
            valueName: "first..last"))
    var hourColumns: String?

    @Option(help: ArgumentHelp("The columns that are stations.", valueName: "first..last"))
    var stationColumns: String?

    @Option(help: ArgumentHelp("What the columns of hours or stations hold. Default: pm25.", valueName: "ours"))
    var measure: String?

    enum Stamps: String, ExpressibleByArgument, CaseIterable {
        case begin, end
    }

    enum Repeats: String, ExpressibleByArgument, CaseIterable {
        case mean, last
    }

    /// Whether no option is given.
    var isEmpty: Bool {
        var layout = FileLayout()
        let before = "\(layout)"
        return (try? apply(to: &layout)) != nil && "\(layout)" == before
    }

    /// A layout as a command line changes it; nil for a command line that is refused.
    package static func layout(_ arguments: [String], changing layout: FileLayout) -> FileLayout? {
        var layout = layout
        do { try parse(arguments).apply(to: &layout) } catch { return nil }
        return layout
    }

    /// Changes what the options say.
    ///
    /// - Throws: `ValidationError` for what cannot be understood.
    func apply(to layout: inout FileLayout) throws {
        try applyText(to: &layout)
        try applyColumns(to: &layout)
        try applyTimes(to: &layout)
        try applyValues(to: &layout)
    }

    private func applyText(to layout: inout FileLayout) throws {
        func byte(_ text: String?, _ option: String) throws -> UInt8? {
            guard let text else { return nil }
            if text == "tab" || text == "\\t" { return UInt8(ascii: "\t") }
            guard text.utf8.count == 1, let byte = text.utf8.first else {
                throw ValidationError("--\(option) \(text): give one character, or tab")
            }
            return byte
        }
        if let encoding { layout.encoding = encoding }
        if let delimiter = try byte(delimiter, "delimiter") { layout.delimiter = delimiter }
        if let decimal = try byte(decimal, "decimal") { layout.numbers.decimal = decimal }
        if let thousands = try byte(thousands, "thousands") { layout.numbers.thousands = thousands }
        if let quote = try byte(quote, "quote") { layout.quote = quote }
        if let comment = try byte(comment, "comment") { layout.comment = comment }
        for (name, count) in [("skip-lines", skipLines), ("skip-after-header", skipAfterHeader)] {
            if let count, !(0...100_000).contains(count) { throw ValidationError("--\(name) \(count): 0 or more") }
        }
        if let skipLines { layout.skipLines = skipLines }
        if let skipAfterHeader { layout.skipAfterHeader = skipAfterHeader }
        if noHeader { layout.header = .none }
        if let header { layout.header = .names(header.components(separatedBy: ",")) }
    }

    private func applyColumns(to layout: inout FileLayout) throws {
        var given: [String: [String]] = [:]
        for (ours, theirs) in try columns.map({ try Self.pair($0, "--column", FileLayout.names) }) {
            given[ours, default: []].append(theirs)
        }
        // pm25 before pm25_b, which goes with the format's pm25.
        for (ours, theirs) in given.sorted(by: { $0.key < $1.key }) {
            guard theirs.count == 1 || ours == "observed_at" || ours == "station" else {
                throw ValidationError("--column \(ours)=…: given more than once")
            }
            layout.setColumn(ours, theirs)
        }
        if !parameter.isEmpty { layout.parameters = [:] }
        for (ours, theirs) in try parameter.map({ try Self.pair($0, "--parameter", RowValues.order) }) {
            layout.parameters[theirs] = ours
        }
        func span(_ text: String?, _ option: String) throws -> [String]? {
            guard let ends = text?.components(separatedBy: "..") else { return nil }
            guard ends.count == 2, !ends.contains("") else {
                throw ValidationError("--\(option) \(text ?? ""): give the first and the last column as first..last")
            }
            return ends
        }
        if let span = try span(hourColumns, "hour-columns") { layout.hourColumns = span }
        if let span = try span(stationColumns, "station-columns") { layout.stationColumns = span }
        if let measure {
            guard RowValues.order.contains(measure) else {
                throw ValidationError("--measure \(measure): there are \(RowValues.order.joined(separator: ", "))")
            }
            layout.measure = measure
        }
        layout.conditions += try conditions.map { try Self.condition($0, "--where") }
        if !valid.isEmpty { layout.valid = try valid.map { try Self.condition($0, "--valid") } }
    }

    private func applyTimes(to layout: inout FileLayout) throws {
        if let timeZone {
            guard LocalClock(timeZone) != nil else {
                throw ValidationError(
                    "'\(timeZone)' is no time zone; give an offset such as +05:30 or a name such as Europe/Berlin")
            }
            layout.timeZone = timeZone
        }
        if let timeFormat {
            guard StampFormat(timeFormat) != nil else {
                throw ValidationError(
                    "--time-format \(timeFormat): give iso, epoch, epoch-ms, or a pattern with a date such as "
                        + "'%d/%m/%Y %H:%M'")
            }
            layout.timeFormats = [timeFormat]
        }
        if let stamps { layout.isEnd = stamps == .end }
        if let step { layout.step = try Self.seconds(step, "--step", most: 3_600) }
        if let carry { layout.carry = try Self.seconds(carry, "--carry", most: 86_400) }
        if step != nil, carry == nil { layout.carry = nil }
        if let repeats { layout.repeats = FileLayout.Repeats(rawValue: repeats.rawValue) }
    }

    private func applyValues(to layout: inout FileLayout) throws {
        for (ours, unit) in try units.map({ try Self.pair($0, "--units", RowValues.order) }) {
            guard let known = MeasureUnit(unit, of: ours) else {
                throw ValidationError(
                    "--units \(ours)=\(unit): there are \(MeasureUnit.names(of: ours).joined(separator: ", "))")
            }
            layout.units[ours] = known.name
            layout.saidUnits.insert(ours)
            if ours == "wind_speed" { layout.saidUnits.formUnion(["wind_u", "wind_v"]) }
        }
        layout.missing += missing
        for code in errorCode {
            let parts = code.split(separator: "=", maxSplits: 1).map(String.init)
            guard let number = parts.last.flatMap(Double.init), parts.count == 1 || RowValues.order.contains(parts[0])
            else { throw ValidationError("--error-code \(code): give a number such as -999, or pm25=985") }
            layout.errorCodes[parts.count == 1 ? "" : parts[0], default: []].append(number)
        }
        if let correction {
            guard correction == "none" || Correction(correction) != nil else {
                throw ValidationError("--correction \(correction): there are purpleair, none, and such as '0.86*x+1.2'")
            }
            layout.correction = correction == "none" ? nil : correction
        }
    }

    private static func pair(_ text: String, _ option: String, _ names: [String]) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("\(option) \(text): give it as ours=theirs") }
        guard names.contains(parts[0]) else {
            throw ValidationError(
                "\(option) \(text): '\(parts[0])' is none of \(names.joined(separator: ", "))")
        }
        return (parts[0], parts[1])
    }

    private static func condition(_ text: String, _ option: String) throws -> FileLayout.Condition {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ValidationError("\(option) \(text): give it as column=text, or column=text,text")
        }
        return FileLayout.Condition(parts[0], parts[1].components(separatedBy: ","))
    }

    private static let secondsOf = [
        "": 1.0, "s": 1, "sec": 1, "second": 1, "seconds": 1, "min": 60, "m": 60, "minute": 60, "minutes": 60,
        "h": 3_600,
        "hour": 3_600, "hours": 3_600,
    ]

    private static func seconds(_ text: String, _ option: String, most: Double) throws -> Double {
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count).filter { !$0.isWhitespace }.lowercased()
        guard let value = Double(number), let factor = secondsOf[unit], (1...most).contains(value * factor) else {
            throw ValidationError(
                "\(option) \(text): give a time such as 90s, 10min or 1h, at most \(Int(most / 3_600)) h")
        }
        return value * factor
    }
}
