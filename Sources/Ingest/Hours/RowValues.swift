import Foundation

/// Turns the values of one row, of an attached table or a file, into measures in the units of `hazecast.reading`.
package struct RowValues: Sendable {
    /// A column as the table has it.
    package enum Raw {
        case missing
        case number(Double)
        /// Valid during the call only.
        case text(UnsafeRawBufferPointer)
        /// The same of a row that names its unit; nil where that is none of the measure.
        case measured(UnsafeRawBufferPointer, MeasureUnit?)
    }

    /// What is wrong with a value.
    package struct Fault: Hashable, Sendable {
        /// As `columns` names it.
        package let measure: String
        package let reason: String

        fileprivate init(_ measure: String, _ reason: String) { (self.measure, self.reason) = (measure, reason) }
    }

    private struct Column {
        let name: String
        let unit: MeasureUnit
        /// Whether the unit was said, so that a value in another one contradicts it.
        let isSaid: Bool
        let isDirection: Bool
    }

    private enum Place {
        static let humidity = 6, windU = 7, windV = 8, channelB = 9
    }

    /// What a row may have, in the order of `columns`: the six measures, and what some of them follow from.
    package static let order = [
        "pm25", "dew_point", "temperature", "pressure", "wind_direction", "wind_speed", "humidity", "wind_u", "wind_v",
        "pm25_b",
    ]
    /// Words of files for a value that is not there.
    package static let commonMissing = [
        "N/A", "NaN", "null", "none", "-", "--", "---", "\\N", "#N/A", "nil", "<NA>", "(null)",
    ]
    /// The ranges of quality control, which sees only the mean where there are several rows to an hour.
    private static let ranges: [ClosedRange<Double>] = QualityRules.standard.ranges.map {
        Double($0.lowerBound)...Double($0.upperBound)
    }

    private let columns: [Column]
    private let places: [Int]
    private let correction: Correction?
    private let numbers: NumberStyle
    private let isRanged: Bool
    private let missing: Set<String>
    /// By place among the columns.
    private let errorCodes: [Set<Double>]
    private let given: Set<Int>

    /// - Parameters:
    ///   - columns: measures by the names of `hazecast.attach`, in the order in which rows have them.
    ///   - units: by measure; ours where there is none.
    ///   - errorCodes: numbers that mean no value, by measure, as the source has them.
    ///   - isRanged: whether values beyond what can be are left out; quality control judges them otherwise.
    package init(
        columns: [String], units: [String: String], correction: String?, missing: [String],
        errorCodes: [String: [Double]], isRanged: Bool, numbers: NumberStyle = NumberStyle()
    ) {
        self.columns = columns.map { name in
            let general = ["wind_u": "wind_speed", "wind_v": "wind_speed", "pm25_b": "pm25"][name]
            let said = units[name] ?? general.flatMap { units[$0] }
            let unit = said.flatMap { MeasureUnit($0, of: name) }
            return Column(
                name: name, unit: unit ?? .ours(name), isSaid: unit != nil, isDirection: name == "wind_direction")
        }
        places = columns.map { Self.order.firstIndex(of: $0) ?? 0 }
        given = Set(places)
        self.correction = correction.flatMap(Correction.init)
        self.isRanged = isRanged
        self.missing = Set(missing.map { $0.lowercased() })
        self.errorCodes = columns.map { Set(errorCodes[$0] ?? []) }
        self.numbers = numbers
    }

    /// The columns of a row in our units, NaN where missing: the six measures in column order, humidity, and the wind's
    /// components and the second channel of pm25.
    ///
    /// - Parameter faults: gets what is wrong with the row, in words.
    package func columns(_ raw: [Raw], _ faults: inout [Fault]) -> SIMD16<Double> {
        var all = SIMD16<Double>(repeating: .nan)
        for (column, place) in places.enumerated() {
            var unit = columns[column].unit
            let value = read(raw[column], columns[column], &unit, &faults)
            if !value.isNaN, errorCodes[column].isEmpty || !errorCodes[column].contains(value) {
                all[place] = unit.converted(value)
            }
        }
        return all
    }

    /// The six measures of one time, corrected and derived; NaN where missing.
    ///
    /// - Parameter faults: gets what is wrong with the values, in words.
    func measures(_ columns: SIMD16<Double>, _ faults: inout [Fault]) -> SIMD8<Double> {
        var all = columns
        derive(&all, &faults)
        var measures = all.lowHalf
        measures[6] = .nan
        measures[7] = .nan
        if isRanged {
            for place in 0..<6 where !measures[place].isNaN && !Self.ranges[place].contains(measures[place]) {
                measures[place] = .nan
                faults.append(Fault(Self.order[place], "\(Self.order[place]) is out of range"))
            }
        }
        return measures
    }

    private func derive(_ all: inout SIMD16<Double>, _ faults: inout [Fault]) {
        let humidity = all[Place.humidity]
        if given.contains(Place.channelB) {
            // Barkjohn and others (2021), section 2.3.
            let (difference, mean) = (abs(all[0] - all[Place.channelB]), (all[0] + all[Place.channelB]) / 2)
            if difference >= 5, difference >= 0.7 * mean {
                faults.append(Fault("pm25", "the two channels of pm25 differ by 5 µg/m³ and 70 % or more"))
                all[0] = .nan
            } else {
                all[0] = mean
            }
        }
        if let correction, !all[0].isNaN {
            var fault: String?
            all[0] = correction.corrected(all[0], humidity: humidity, &fault)
            if let fault { faults.append(Fault("pm25", fault)) }
        }
        if given.contains(2), !humidity.isNaN {
            if !(0.1...105).contains(humidity) {
                faults.append(Fault("humidity", "humidity is outside of 0.1 to 105 %"))
            } else if all[1].isNaN, (-100...70).contains(all[2]) {
                // The Magnus formula with the constants of Sonntag (1990), over water.
                let g = log(min(humidity, 100) / 100) + 17.62 * all[2] / (243.12 + all[2])
                all[1] = 243.12 * g / (17.62 - g)
            }
        }
        let (u, v) = (all[Place.windU], all[Place.windV])
        if !u.isNaN, !v.isNaN {
            if all[5].isNaN { all[5] = (u * u + v * v).squareRoot() }
            if all[4].isNaN, u != 0 || v != 0 {
                let degrees = atan2(-u, -v) * 180 / .pi
                all[4] = degrees < 0 ? degrees + 360 : degrees
            }
        }
    }

    private func read(
        _ raw: Raw, _ column: Column, _ unit: inout MeasureUnit, _ faults: inout [Fault]
    ) -> Double {
        let text: UnsafeRawBufferPointer
        switch raw {
        case .missing: return .nan
        case .number(let number):
            if number.isNaN { faults.append(Fault(column.name, "\(column.name) is not a finite number")) }
            return number
        case .text(let bytes): text = bytes.trimmed
        case .measured(let bytes, let said):
            text = bytes.trimmed
            guard let said else {
                if numbers.number(text) != nil {
                    faults.append(Fault(column.name, "\(column.name) has a unit that is not known"))
                }
                return .nan
            }
            unit = said
        }
        if text.isEmpty { return .nan }
        if let number = numbers.number(text) { return number }
        if text.elementsEqual("NA".utf8) { return .nan }
        if !missing.isEmpty, missing.contains(String(decoding: text, as: UTF8.self).lowercased()) { return .nan }
        if column.isDirection, let wind = Wind(word: ArraySlice(text)) { return Double(wind.degrees) }
        if let (number, said) = measured(text, column) {
            guard !column.isSaid || said == column.unit else {
                faults.append(
                    Fault(
                        column.name,
                        "\(column.name) is in \(said.name) by its own text, and in \(column.unit.name) by the units"))
                return .nan
            }
            unit = said
            return number
        }
        faults.append(
            Fault(
                column.name,
                column.isDirection
                    ? "wind_direction is neither degrees nor a compass point" : "\(column.name) is not a finite number")
        )
        return .nan
    }

    /// A number with its unit behind it, such as `3.4 °C`.
    private func measured(_ text: UnsafeRawBufferPointer, _ column: Column) -> (Double, MeasureUnit)? {
        let count = text.prefix { $0.isDigit || "+-.,".utf8.contains($0) }.count
        guard count > 0, count < text.count,
            let number = numbers.number(UnsafeRawBufferPointer(rebasing: text[..<count])),
            let word = String(validating: text[count...], as: UTF8.self),
            word.contains(where: { !$0.isWhitespace }), let unit = MeasureUnit(word, of: column.name)
        else { return nil }
        return (number, unit)
    }
}

extension UnsafeRawBufferPointer {
    /// Without blanks, tabs and ends of lines around.
    fileprivate var trimmed: UnsafeRawBufferPointer {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }
        var low = startIndex
        var high = endIndex
        while low < high, isBlank(self[low]) { low += 1 }
        while low < high, isBlank(self[high - 1]) { high -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[low..<high])
    }
}
