/// How a source writes numbers.
package struct NumberStyle: Equatable, Sendable {
    /// Between whole numbers and fractions.
    package var decimal = UInt8(ascii: ".")
    /// Between groups of three digits; nil where numbers with groups are read only if nothing else is possible, as with
    /// `1,013.2`: `1,013` might be a decimal comma.
    package var thousands: UInt8?

    /// A decimal point.
    package init() {}

    /// Exact powers of ten.
    private static let powers: [Double] = (0...22).map { exponent in
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    /// Decimal notation, with or without exponent, at most 1e30; nil for anything else.
    package func number(_ text: UnsafeRawBufferPointer) -> Double? {
        // A mantissa below 2^53 and a power of ten up to 22 are exact, and so is their quotient as far as a Double goes.
        var position = 0
        let end = text.count
        var isNegative = false
        if position < end, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
            isNegative = text[position] == UInt8(ascii: "-")
            position += 1
        }
        var (mantissa, digits, decimals): (Int64, Int, Int?) = (0, 0, nil)
        while position < end, digits <= 15 {
            let byte = text[position]
            if byte.isDigit {
                mantissa = mantissa * 10 + Int64(byte - UInt8(ascii: "0"))
                digits += 1
                if let count = decimals { decimals = count + 1 }
            } else if byte == decimal, decimals == nil {
                decimals = 0
            } else {
                break
            }
            position += 1
        }
        if position == end, digits > 0, digits <= 15 {
            let value = Double(mantissa) / Self.powers[decimals ?? 0]
            return isNegative ? -value : value
        }
        return slow(text)
    }

    private func slow(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= 64, text.contains(where: \.isDigit), let plain = ungrouped(Array(text)),
            plain.allSatisfy({ $0.isDigit || "+-.eE".utf8.contains($0) }),
            let value = Double(String(decoding: plain, as: UTF8.self)), abs(value) <= 1e30
        else { return nil }
        return abs(value) < 1e-20 ? 0 : value
    }

    /// Without groups and with a decimal point; nil where groups are wrong or might be decimals.
    private func ungrouped(_ text: [UInt8]) -> [UInt8]? {
        let (point, comma) = (UInt8(ascii: "."), UInt8(ascii: ","))
        let mark = thousands ?? (decimal == point ? comma : point)
        let parts = text.split(separator: decimal, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count < 2 || !parts[1].contains(decimal) else { return nil }
        var whole = Array(parts[0])
        if whole.contains(mark) {
            let groups = whole.split(separator: mark, omittingEmptySubsequences: false)
            let first = groups[0].drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
            let isSure = thousands != nil || parts.count == 2 || groups.count > 2
            guard isSure, (1...3).contains(first.count), first.first != UInt8(ascii: "0"),
                first.allSatisfy(\.isDigit),
                groups.dropFirst().allSatisfy({ $0.count == 3 && $0.allSatisfy(\.isDigit) })
            else { return nil }
            whole = Array(groups.joined())
        }
        guard parts.count < 2 || !parts[1].contains(point) && !parts[1].contains(comma) else { return nil }
        return parts.count == 2 ? whole + [point] + parts[1] : whole
    }
}
