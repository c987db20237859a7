import Foundation

/// Where a file has what: a layout and the names that the file's columns have.
struct RowPlan {
    /// The fields of a record that values are taken from.
    enum Shape {
        /// One for each column of `columns`.
        case wide([(column: Int, field: Int)])
        /// One, of the measure that another field names.
        case long(parameter: Int, value: Int)
        /// Those of the hours of a day, of the measure that a field names, or the only one.
        case hours([(field: Int, hour: Int64)], parameter: Int?)
        /// Those of stations, of the only measure.
        case stations([(field: Int, name: String)])
    }

    let shape: Shape
    /// What `RowValues` reads, by our names.
    let columns: [String]
    let time: [Int]
    let station: [Int]
    let unit: Int?
    let windSumRow: Int?
    let conditions: [(field: Int, values: Set<[UInt8]>)]
    let valid: [(field: Int, values: Set<[UInt8]>)]
    /// The layout, with what the names of columns say.
    private(set) var layout: FileLayout
    /// Units that the names of columns say.
    private(set) var notes: [String] = []
    let ignored: [String]

    init(_ layout: FileLayout, _ names: HeaderNames) throws(SourceError) {
        self.layout = layout
        func find(_ ours: String) throws(SourceError) -> [Int]? {
            guard let alternatives = layout.columns[ours] else { return nil }
            for theirs in alternatives {
                if let found = names.indices(theirs) { return found }
            }
            guard layout.required.contains(ours) else { return nil }
            throw names.missing(alternatives.first?.first ?? ours, for: ours)
        }
        func one(_ ours: String) throws(SourceError) -> Int? { try find(ours)?.first }
        func fields(_ conditions: [FileLayout.Condition]) throws(SourceError) -> [(field: Int, values: Set<[UInt8]>)] {
            var found: [(field: Int, values: Set<[UInt8]>)] = []
            for condition in conditions {
                found.append((try names.index(condition.column), Set(condition.values.map { Array($0.utf8) })))
            }
            return found
        }
        time = try find("observed_at") ?? []
        guard !time.isEmpty else { throw names.missing("observed_at", for: "observed_at") }
        let isByStation = layout.stationColumns != nil
        station = isByStation ? [] : try find("station") ?? []
        if station.isEmpty, layout.station == nil, !isByStation {
            throw SourceError(
                .header, file: names.file,
                "no column for the station in the header; name the station with --station, or its column with --column "
                    + "station=…\(names.list)")
        }
        if !station.isEmpty, layout.station != nil {
            throw SourceError(
                .options, file: names.file,
                "the file has a column for the station ('\(names.names[station[0]])'); leave --station out")
        }
        unit = try one("unit")
        windSumRow = try layout.windSumRow.map { (name) throws(SourceError) in try names.index(name) }
        conditions = try fields(layout.conditions)
        valid = try fields(layout.valid)

        let parameter = try one("parameter")
        var used = time + station + [unit, windSumRow, parameter].compactMap { $0 } + conditions.map(\.field)
        if let span = layout.hourColumns {
            let cells = try names.span(span).map { (field: $0, hour: Int64(names.number($0) ?? 0)) }
            shape = .hours(cells, parameter: parameter)
            columns = parameter == nil ? [layout.measure] : Self.measures(layout)
            used += cells.map(\.field)
        } else if let span = layout.stationColumns {
            let cells = try names.span(span).map { (field: $0, name: names.names[$0]) }
            shape = .stations(cells)
            columns = [layout.measure]
            used += cells.map(\.field)
        } else if let parameter {
            guard let value = try one("value") else { throw names.missing("value", for: "value") }
            shape = .long(parameter: parameter, value: value)
            columns = Self.measures(layout)
            used.append(value)
        } else {
            var found: [(name: String, field: Int)] = []
            for ours in RowValues.order {
                if let field = try one(ours) { found.append((ours, field)) }
            }
            guard !found.isEmpty else {
                throw SourceError(
                    .header, file: names.file,
                    "no column for any measure in the header; name them with --column, for example --column "
                        + "pm25=\(names.names.last ?? "")\(names.list)")
            }
            shape = .wide(found.enumerated().map { ($0.offset, $0.element.field) })
            columns = found.map(\.name)
            used += found.map(\.field)
            for (ours, field) in found where unit == nil && layout.units[ours] == nil {
                guard let said = names.unit(field, of: ours), said != .ours(ours) else { continue }
                self.layout.units[ours] = said.name
                notes.append("\(ours) is in \(said.name), as its column '\(names.names[field])' says")
            }
        }
        if parameter != nil, layout.parameters.isEmpty {
            throw SourceError(
                .options, file: names.file,
                "say what the column '\(names.names[parameter ?? 0])' calls PM2.5, for example --parameter pm25=PM2.5")
        }
        if layout.timeZone == nil, time.contains(where: { names.saysUTC($0) }) { self.layout.timeZone = "UTC" }
        ignored = names.names.indices.filter { !used.contains($0) && !names.names[$0].isEmpty }.map { names.names[$0] }
    }

    private static func measures(_ layout: FileLayout) -> [String] {
        RowValues.order.filter(Set(layout.parameters.values).contains)
    }
}

extension FileLayout {
    /// The same with a name for the station where nothing else says it.
    func naming(_ station: String, _ names: HeaderNames) -> FileLayout {
        var layout = self
        let hasColumn = stationColumns != nil || columns["station"]?.contains { names.indices($0) != nil } == true
        if !hasColumn, layout.station == nil { layout.station = station }
        return layout
    }
}

/// The names of a file's columns.
struct HeaderNames {
    let file: String
    let names: [String]
    private let folded: [String]

    init(file: String, names: [String]) {
        (self.file, self.names) = (file, names)
        folded = names.map(Self.folded)
    }

    /// Case, blanks and the ways in which Unicode writes a character twice do not count.
    private static func folded(_ name: String) -> String {
        name.precomposedStringWithCompatibilityMapping.lowercased().split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
    }

    /// For the end of a message.
    var list: String { "; it has \(names.joined(separator: ", "))" }

    func missing(_ theirs: String, for ours: String) -> SourceError {
        let remedy = theirs == ours ? "; name it with --column \(ours)=…" : ""
        return SourceError(.header, file: file, "no column '\(theirs)' in the header\(list)\(remedy)")
    }

    /// Where columns stand; nil where one is not there, or the name stands for several.
    func indices(_ theirs: [String]) -> [Int]? {
        let found = theirs.compactMap { try? index($0) }
        return found.count == theirs.count ? found : nil
    }

    func index(_ theirs: String) throws(SourceError) -> Int {
        let exact = names.indices.filter { names[$0] == theirs }
        let wanted = Self.folded(theirs)
        let found = exact.isEmpty ? folded.indices.filter { folded[$0] == wanted } : exact
        guard let first = found.first else { throw missing(theirs, for: "") }
        guard found.count == 1 else {
            throw SourceError(
                .header, file: file,
                "the header has the column '\(theirs)' \(found.count) times; leave the header out with --skip-lines and "
                    + "--no-header, and give columns by number")
        }
        return first
    }

    /// The columns from one to another that differ in their numbers only, or, where they have none, all of them.
    func span(_ ends: [String]) throws(SourceError) -> [Int] {
        let (first, last) = (try index(ends[0]), try index(ends[ends.count - 1]))
        guard first <= last else {
            throw SourceError(.options, file: file, "the column '\(ends[0])' comes behind '\(ends[ends.count - 1])'")
        }
        func letters(_ index: Int) -> String { names[index].filter { !$0.isNumber } }
        let isNumbered = letters(first) == letters(last) && number(first) != nil
        return (first...last).filter { !isNumbered || letters($0) == letters(first) }
    }

    /// The first number in a name.
    func number(_ index: Int) -> Int? {
        Int(names[index].drop { !$0.isNumber }.prefix { $0.isNumber })
    }

    /// Whether a name says that its times are UTC.
    func saysUTC(_ index: Int) -> Bool {
        let words = folded[index].split { !$0.isLetter }
        return words.contains("utc") || words.contains("gmt")
    }

    /// The unit that a name ends with or has in brackets.
    func unit(_ index: Int, of measure: String) -> MeasureUnit? {
        let name = names[index]
        var texts: [Substring] = []
        for (open, close) in [("(", ")"), ("[", "]")] as [(Character, Character)] {
            if let low = name.lastIndex(of: open), let high = name[low...].firstIndex(of: close) {
                texts.append(name[name.index(after: low)..<high])
            }
        }
        if let dash = name.range(of: " - ", options: .backwards) { texts.append(name[dash.upperBound...]) }
        texts += name.split(whereSeparator: { $0 == " " || $0 == "_" }).dropFirst().suffix(1)
        // A bare number or nothing is a direction's unit in no name.
        return texts.lazy.filter { $0.contains(where: { $0.isLetter || $0 == "%" || $0 == "°" }) }
            .compactMap { MeasureUnit(String($0), of: measure) }.first
    }
}
