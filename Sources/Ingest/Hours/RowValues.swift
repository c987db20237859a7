import Foundation

/// Turns the values of one row, of an attached table or a file, into measures in the units of `hazecast.reading`.
package struct RowValues: Sendable {
    /// A column as the table has it.
    package enum Raw {
        case missing
        case number(Double)
        /// Valid during the call only.
        case text(UnsafeRawBufferPointer)
    }

    /// How a measure comes to our unit: (value − offset) · factor / divisor.
    private struct Column {
        let name: String
        let offset: Double
        let factor: Double
        let divisor: Double
        let isDirection: Bool
    }

    private enum Place {
        static let humidity = 6, windU = 7, windV = 8
    }

    private static let order = [
        "pm25", "dew_point", "temperature", "pressure", "wind_direction", "wind_speed", "humidity", "wind_u", "wind_v",
    ]
    /// The ranges of quality control, which sees only the mean where there are several rows to an hour.
    private static let ranges: [ClosedRange<Double>] = QualityRules.standard.ranges.map {
        Double($0.lowerBound)...Double($0.upperBound)
    }

    private let columns: [Column]
    private let places: [Int]
    private let isPurpleAir: Bool
    private let isRanged: Bool
    private let missing: Set<String>
    /// By place among the columns.
    private let errorCodes: [Set<Double>]
    private let given: Set<Int>

    /// - Parameters:
    ///   - columns: measures by the names of `hazecast.attach`, in the order in which rows have them.
    ///   - units: by measure; ours where there is none.
    ///   - errorCodes: numbers that mean no value, by measure, as the table has them.
    ///   - isRanged: whether values beyond what can be are left out; quality control judges them otherwise.
    package init(
        columns: [String], units: [String: String], correction: String?, missing: [String],
        errorCodes: [String: [Double]],
        isRanged: Bool
    ) {
        self.columns = columns.map { name in
            let unit = units[["wind_u", "wind_v"].contains(name) ? "wind_speed" : name]
            let (offset, factor, divisor) = Self.conversion(name, unit)
            return Column(
                name: name, offset: offset, factor: factor, divisor: divisor, isDirection: name == "wind_direction")
        }
        places = columns.map { Self.order.firstIndex(of: $0) ?? 0 }
        given = Set(places)
        isPurpleAir = correction != nil
        self.isRanged = isRanged
        self.missing = Set(missing.map { $0.lowercased() })
        self.errorCodes = columns.map { Set(errorCodes[$0] ?? []) }
    }

    /// inHg and mmHg at 0 °C; NIST SP 811, appendix B.8.
    private static func conversion(
        _ measure: String, _ unit: String?
    ) -> (offset: Double, factor: Double, divisor: Double) {
        if measure == "wind_direction" { return unit == "10deg" ? (0, 10, 1) : (0, 1, 1) }
        return switch unit?.lowercased().replacing("°", with: "") {
        case "mg/m3": (0, 1_000, 1)
        case "f": (32, 5, 9)
        case "k": (273.15, 1, 1)
        case "pa": (0, 1, 100)
        case "kpa": (0, 10, 1)
        case "inhg": (0, 33.86389, 1)
        case "mmhg": (0, 1.333224, 1)
        case "km/h": (0, 1_000, 3_600)
        case "mph": (0, 0.44704, 1)
        case "kn", "knots", "kt": (0, 1_852, 3_600)
        case "fraction": (0, 100, 1)
        default: (0, 1, 1)
        }
    }

    /// The columns of a row in our units, NaN where missing: the six measures in column order, humidity, and the wind's
    /// components.
    ///
    /// - Parameter faults: gets what is wrong with the row, in words.
    package func columns(_ raw: [Raw], _ faults: inout [String]) -> SIMD16<Double> {
        var all = SIMD16<Double>(repeating: .nan)
        for (column, place) in places.enumerated() {
            let value = read(raw[column], columns[column], &faults)
            if !value.isNaN, !errorCodes[column].contains(value) {
                all[place] = (value - columns[column].offset) * columns[column].factor / columns[column].divisor
            }
        }
        return all
    }

    /// The six measures of one time, corrected and derived; NaN where missing.
    ///
    /// - Parameter faults: gets what is wrong with the values, in words.
    func measures(_ columns: SIMD16<Double>, _ faults: inout [String]) -> SIMD8<Double> {
        var all = columns
        derive(&all, &faults)
        var measures = all.lowHalf
        measures[6] = .nan
        measures[7] = .nan
        if isRanged {
            for place in 0..<6 where !measures[place].isNaN && !Self.ranges[place].contains(measures[place]) {
                measures[place] = .nan
                faults.append("\(Self.order[place]) is out of range")
            }
        }
        return measures
    }

    private func derive(_ all: inout SIMD16<Double>, _ faults: inout [String]) {
        let humidity = all[Place.humidity]
        if isPurpleAir, !all[0].isNaN {
            // Barkjohn, Gantt and Clements, Atmospheric Measurement Techniques 14 (2021), for cf_1 below 570 µg/m³.
            if all[0] < 0 || all[0] >= 570 {
                faults.append("pm25 is outside of 0 to 570, where the correction holds")
                all[0] = .nan
            } else if !(0...100).contains(humidity) {
                faults.append("no humidity of 0 to 100 % to correct pm25 by")
                all[0] = .nan
            } else {
                all[0] = max(0.524 * all[0] - 0.0862 * humidity + 5.75, 0)
            }
        }
        if given.contains(2), !humidity.isNaN {
            if !(0.1...105).contains(humidity) {
                faults.append("humidity is outside of 0.1 to 105 %")
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

    private func read(_ raw: Raw, _ column: Column, _ faults: inout [String]) -> Double {
        switch raw {
        case .missing: return .nan
        case .number(let number):
            if number.isNaN { faults.append("\(column.name) is not a finite number") }
            return number
        case .text(let bytes):
            let text = bytes.trimmed
            if text.isEmpty || text.elementsEqual("NA".utf8) { return .nan }
            if !missing.isEmpty, missing.contains(String(decoding: text, as: UTF8.self).lowercased()) { return .nan }
            if let number = Self.number(text) { return number }
            if column.isDirection, let wind = Wind(word: ArraySlice(text)) { return Double(wind.degrees) }
            faults.append(
                column.isDirection
                    ? "wind_direction is neither degrees nor a compass point" : "\(column.name) is not a finite number")
            return .nan
        }
    }

    /// Plain decimal notation, with or without exponent, at most 1e30; nil for anything else.
    private static func number(_ text: Slice<UnsafeRawBufferPointer>) -> Double? {
        guard text.count <= 64, text.contains(where: \.isDigit),
            text.allSatisfy({ $0.isDigit || "+-.eE".utf8.contains($0) }),
            let value = Double(String(decoding: text, as: UTF8.self)), abs(value) <= 1e30
        else { return nil }
        return abs(value) < 1e-20 ? 0 : value
    }
}

extension UnsafeRawBufferPointer {
    /// Without blanks, tabs and ends of lines around.
    fileprivate var trimmed: Slice<UnsafeRawBufferPointer> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }
        var low = startIndex
        var high = endIndex
        while low < high, isBlank(self[low]) { low += 1 }
        while low < high, isBlank(self[high - 1]) { high -= 1 }
        return self[low..<high]
    }
}
