import Forecast
import Foundation

/// Reads the rows of a file to its end, and tells what of them can be used.
struct RowReader {
    /// Why one row is rejected.
    struct Fault: Error, Equatable {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// Rows of one series, of which a clock shows the times twice.
    private struct Folded {
        var rows: [(row: RowSorter.Row, local: Int64, instants: [Int64])] = []
    }

    private var file: ReadingFile
    private let plan: RowPlan
    private let layout: FileLayout
    private let values: RowValues
    private let formats: [StampFormat]
    private let places: [Int]
    private let now: Int64
    private let onRejected: (RejectedRow) -> Void
    private var clock: StampClock
    /// Whether no time comes twice by the clock, so that the order of rows does not matter.
    private let isFixedClock: Bool
    private var wind = AccumulatedWind()
    private var parameters: ParameterNames

    private(set) var stations: [String]
    private var stationIndices: [[UInt8]: Int] = [:]
    private var lastStation: (name: [UInt8], index: Int)?
    private var units: [[UInt8]: MeasureUnit?] = [:]
    private var orders: [Int: RowOrder] = [:]
    private var folds: [[Int64]: Folded] = [:]
    private var scratch: [UInt8] = []
    private var faults: [RowValues.Fault] = []
    private var raw: [RowValues.Raw]

    private let sorter: RowSorter
    private(set) var report = FileReport()
    private var samples: [Plausibility]
    private var offHour = 0
    private var spacing = RowSpacing()

    init(_ file: ReadingFile, onRejected: @escaping (RejectedRow) -> Void) throws(SourceError) {
        self.file = file
        plan = file.plan
        layout = plan.layout
        self.onRejected = onRejected
        var codes: [String: [Double]] = [:]
        for column in plan.columns { codes[column] = (layout.errorCodes[""] ?? []) + (layout.errorCodes[column] ?? []) }
        values = RowValues(
            columns: plan.columns, units: layout.units, correction: layout.correction, missing: layout.missing,
            errorCodes: codes, isRanged: layout.step.map { $0 < 3_600 } ?? false || layout.carry != nil,
            numbers: layout.numbers)
        var formats: [StampFormat] = []
        for format in layout.timeFormats {
            guard let known = format == "auto" ? .automatic : StampFormat(format) else {
                throw SourceError(
                    .options,
                    "'\(format)' is no format of times; give iso, epoch, epoch-ms, or a pattern such as '%d/%m/%Y %H:%M'"
                )
            }
            formats.append(known)
        }
        self.formats = formats
        guard let clock = StampClock(zone: layout.timeZone) else {
            throw SourceError(
                .options,
                "'\(layout.timeZone ?? "")' is no time zone; give an offset such as +05:30 or a name such as Europe/Berlin"
            )
        }
        self.clock = clock
        isFixedClock = clock.clock?.isFixed ?? true
        raw = Array(repeating: .missing, count: plan.columns.count)
        places = plan.columns.map { RowValues.order.firstIndex(of: $0) ?? 0 }
        parameters = ParameterNames(layout.parameters, columns: plan.columns)
        now = Int64(Date().timeIntervalSince1970 * 1e6)
        sorter = RowSorter(places: places)
        samples = Array(repeating: Plausibility(), count: RowValues.order.count)
        if case .stations(let cells) = plan.shape { stations = cells.map(\.name) } else { stations = [] }
        if stations.isEmpty, plan.station.isEmpty { stations = [layout.station ?? ""] }
    }

    /// Reads everything.
    ///
    /// - Parameter progress: called after some thousand rows each, with the bytes and rows read so far.
    mutating func read(progress: (_ bytes: Int, _ rows: Int) -> Void) throws(SourceError) {
        var record = CSVRecord()
        while try file.next(&record) {
            report.rows += 1
            if report.rows.isMultiple(of: 4096) { progress(file.bytesRead, report.rows) }
            do throws(Fault) {
                try take(record)
            } catch {
                reject(record.line, error.reason)
            }
            if let error = report.failure { throw error }
        }
        try resolveFolds()
        try sorter.finish(file.name)
        try check()
    }

    private mutating func reject(_ line: Int, _ reason: String) {
        report.rejected += 1
        onRejected(RejectedRow(line: line, reason: reason))
        if report.firstRejected == nil { report.firstRejected = RejectedRow(line: line, reason: reason) }
    }

    private mutating func take(_ record: CSVRecord) throws(Fault) {
        if let fault = file.fault(record) { throw Fault(fault) }
        for condition in plan.conditions where !condition.values.contains(Array(record[condition.field])) {
            report.others += 1
            return
        }
        let column: Int?
        switch plan.shape {
        case .long(let parameter, _), .hours(_, parameter: let parameter?):
            guard let found = parameters.column(record[parameter]) else {
                report.others += 1
                return
            }
            column = found
            if plan.station.isEmpty, let other = parameters.twice { report.failure = conflict(other, record) }
        case .wide: column = nil
        default: column = 0
        }
        let isValid = plan.valid.allSatisfy { $0.values.contains(Array(record[$0.field])) }
        if !isValid { report.invalid += 1 }
        let stamp = try stamp(record)
        var row = RowSorter.Row()
        row.line = record.line
        if !plan.station.isEmpty { row.station = try station(record) }
        switch plan.shape {
        case .wide(let fields):
            row.mask = 1 << 15
            if isValid { row.values = read(record, fields: fields) }
            if plan.windSumRow != nil { sumWind(record, stamp, &row) }
            try add(row, stamp)
        case .long(_, let value):
            let column = column ?? 0
            row.mask = 1 << UInt16(places[column])
            if isValid { row.values = read(record, fields: [(column, value)]) }
            try add(row, stamp)
        case .hours(let cells, _):
            let column = column ?? 0
            row.mask = 1 << UInt16(places[column])
            for cell in cells {
                row.values = isValid ? read(record, fields: [(column, cell.field)]) : .init(repeating: .nan)
                var shown = stamp
                shown.local += cell.hour * 3_600_000_000
                try add(row, shown)
            }
        case .stations(let cells):
            row.mask = 1 << UInt16(places[0])
            for (index, cell) in cells.enumerated() {
                row.station = index
                row.values = isValid ? read(record, fields: [(0, cell.field)]) : .init(repeating: .nan)
                try add(row, stamp)
            }
        }
    }

    private func conflict(_ other: String, _ record: CSVRecord) -> SourceError {
        SourceError(
            .options, file: file.name,
            "line \(record.line): two names stand for one measure, '\(other)' and another; say which with --parameter, "
                + "for example --parameter pm25=\(other)")
    }

    private mutating func stamp(_ record: CSVRecord) throws(Fault) -> Stamp {
        let range: Range<Int>
        var text = record.bytes
        if plan.time.count == 1 {
            range = record.range(plan.time[0])
        } else {
            scratch.removeAll(keepingCapacity: true)
            for field in plan.time {
                if !scratch.isEmpty { scratch.append(UInt8(ascii: " ")) }
                scratch += record[field]
            }
            text = scratch
            range = 0..<scratch.count
        }
        let found = text.withUnsafeBytes { bytes -> Stamp? in
            let field = UnsafeRawBufferPointer(rebasing: bytes[range])
            for format in formats {
                if let stamp = format.stamp(field) { return stamp }
            }
            return nil
        }
        guard let found else {
            let shown = text[range].shown
            throw Fault(
                formats == [.automatic]
                    ? "observed_at: \(shown) is not a date and time such as 2014-12-31T15:00Z"
                    : "observed_at: \(shown) is not a date and time of the format")
        }
        return found
    }

    private mutating func station(_ record: CSVRecord) throws(Fault) -> Int {
        if plan.station.count == 1, let lastStation, record[plan.station[0]].elementsEqual(lastStation.name) {
            return lastStation.index
        }
        let text = Array(plan.station.map { record[$0] }.joined(separator: [UInt8(ascii: "-")]))
        if let index = stationIndices[text] {
            lastStation = (text, index)
            return index
        }
        let name: String
        do throws(RowFault) { name = try text[...].stationName() } catch { throw Fault(error.reason) }
        stations.append(name)
        stationIndices[text] = stations.count - 1
        lastStation = (text, stations.count - 1)
        return stations.count - 1
    }

    /// The values of some columns; NaN for the others.
    private mutating func read(_ record: CSVRecord, fields: [(column: Int, field: Int)]) -> SIMD16<Double> {
        var unit: MeasureUnit??
        if let field = plan.unit, let column = fields.first?.column {
            unit = .some(self.unit(Array(record[field]), plan.columns[column]))
        }
        faults.removeAll(keepingCapacity: true)
        let read = record.bytes.withUnsafeBytes { bytes in
            for column in raw.indices { raw[column] = .missing }
            for (column, field) in fields {
                let text = UnsafeRawBufferPointer(rebasing: bytes[record.range(field)])
                if let unit { raw[column] = .measured(text, unit) } else { raw[column] = .text(text) }
            }
            return values.columns(raw, &faults)
        }
        for fault in faults {
            let field = fields.first { plan.columns[$0.column] == fault.measure }?.field
            report.lose(fault.reason, line: record.line, text: field.map { record[$0].shown })
        }
        for (column, _) in fields where !read[places[column]].isNaN {
            samples[places[column]].add(read[places[column]])
            report.filled |= 1 << UInt16(places[column])
        }
        return read
    }

    private mutating func unit(_ text: [UInt8], _ measure: String) -> MeasureUnit? {
        let key = Array(measure.utf8) + [0] + text
        if let known = units[key] { return known }
        let unit =
            text.isEmpty
            ? layout.units[measure].flatMap { MeasureUnit($0, of: measure) } ?? .ours(measure)
            : MeasureUnit(String(decoding: text, as: UTF8.self), of: measure)
        units[key] = unit
        return unit
    }

    /// Replaces a sum of the wind's speed by the hour's own.
    private mutating func sumWind(_ record: CSVRecord, _ stamp: Stamp, _ row: inout RowSorter.Row) {
        guard case .wide(let fields) = plan.shape, let number = plan.windSumRow,
            let place = plan.columns.firstIndex(of: "wind_direction"),
            let word = Wind(word: record[fields[place].field])
        else { return }
        let hour = UTCHour(containing: stamp.local.floored(by: 1_000_000))
        row.values[5] = wind.speed(
            at: hour, wind: word, sum: row.values[5], beginsSeries: record[number].elementsEqual("1".utf8))
    }

    /// Finds out when a row was, and keeps it.
    private mutating func add(_ row: RowSorter.Row, _ stamp: Stamp) throws(Fault) {
        var row = row
        if layout.step == nil, layout.carry == nil {
            spacing.take(stamp.local)
            // Clocks are never quite right.
            let shifted = stamp.local + 60_000_000
            guard shifted - shifted.floored(by: 3_600_000_000) * 3_600_000_000 <= 120_000_000 else {
                offHour += 1
                throw Fault("the time is no whole hour; --step says how long a row stands for")
            }
        }
        if let instant = stamp.instant {
            row.instant = instant
            try keep(row)
            return
        }
        let once = clock.instant(onceLocal: stamp.local)
        guard once != nil || clock.clock != nil else {
            report.failure = SourceError(
                .options, file: file.name,
                "line \(row.line): the times carry no offset; say by which clock they are with --time-zone, for example "
                    + "--time-zone UTC or --time-zone Europe/Berlin")
            return
        }
        let series = row.station << 16 | Int(row.mask)
        if !isFixedClock { orders[series, default: RowOrder()].take(stamp.local) }
        if let once {
            row.instant = once
            try keep(row)
            return
        }
        guard let instants = clock.instants(local: stamp.local), let first = instants.first else {
            throw Fault(StampClock.never(clock.clock?.name ?? ""))
        }
        let key = [Int64(series), stamp.local - first, stamp.local.floored(by: 86_400_000_000)]
        folds[key, default: Folded()].rows.append((row, stamp.local, instants))
    }

    private mutating func keep(_ row: RowSorter.Row) throws(Fault) {
        if let fault = StampClock.fault(row.instant, now: now) { throw Fault(fault) }
        do throws(SourceError) { try sorter.append(row, of: file.name) } catch { report.failure = error }
    }

    /// Tells the two showings of the times that the clock showed twice apart.
    private mutating func resolveFolds() throws(SourceError) {
        for (key, fold) in folds.sorted(by: { $0.value.rows[0].row.line < $1.value.rows[0].row.line }) {
            let order = orders[Int(key[0])] ?? RowOrder()
            let rows = fold.rows.map { row in
                // NaN would differ from itself.
                RepeatedHour.Row(
                    local: row.local,
                    content: row.row.values.replacing(with: -1e300, where: row.row.values .!= row.row.values))
            }
            let later = order.isNewestFirst.flatMap { RepeatedHour.later(rows, isNewestFirst: $0) }
            for (index, row) in fold.rows.enumerated() {
                var placed = row.row
                do throws(Fault) {
                    guard let later else {
                        throw Fault(
                            "the clock of \(clock.clock?.name ?? "") shows this time twice, and the order of the rows does "
                                + "not tell which it is; times with an offset would")
                    }
                    placed.instant = row.instants[later[index] ? 1 : 0]
                    try keep(placed)
                } catch {
                    reject(placed.line, error.reason)
                }
                if let error = report.failure { throw error }
            }
        }
    }

    /// Refuses what would be stored wrong.
    private mutating func check() throws(SourceError) {
        func refuse(_ message: String) -> SourceError { SourceError(.options, file: file.name, message) }
        // A stray row is rejected; rows at half hours are no strays.
        if offHour >= 2, offHour * 4 >= report.rows - report.others {
            throw refuse(
                "\(offHour) of \(report.rows - report.others) rows are not at whole hours; say how long a row stands for "
                    + "with --step, for example --step \(spacing.usual ?? "10min"), and with --stamps end if times are the "
                    + "end of it")
        }
        for (place, measure) in RowValues.order.enumerated() where !layout.saidUnits.contains(measure) {
            guard let (unit, range) = samples[place].other(measure) else { continue }
            let ours = MeasureUnit.ours(measure).name
            let said = layout.units[measure] ?? ours
            throw refuse(
                unit.isEmpty
                    ? "\(measure) is mostly \(range) \(ours), which cannot be; is it the right column? --units "
                        + "\(measure)=\(said) loads it as it is"
                    : "\(measure) is mostly \(range) \(ours), which looks like \(unit): give --units \(measure)=\(unit), or "
                        + "--units \(measure)=\(said) if it is right")
        }
        if sorter.count > 0, report.filled == 0, let lost = report.lost.min(by: { $0.value.line < $1.value.line }) {
            let comma = lost.value.text.map { $0.contains(",") } == true && layout.numbers.decimal == UInt8(ascii: ".")
            throw refuse(
                "no value could be read: line \(lost.value.line): \(lost.key)\(lost.value.text.map { " (\($0))" } ?? "")"
                    + (comma ? "; a decimal comma is --decimal ," : ""))
        }
    }

    /// What was read, in order.
    func readings() -> FileReadings {
        FileReadings(
            name: file.name, layout: layout, values: values, stations: stations, sorter: sorter, report: report)
    }
}
