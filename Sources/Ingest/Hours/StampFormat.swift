import Forecast
import Foundation

/// A date and time as a source writes it.
package struct Stamp: Equatable, Sendable {
    /// Microseconds since 1970-01-01 00:00 of the clock that shows it.
    package var local: Int64
    /// Seconds that this clock is east of Greenwich, where the stamp says so.
    package var offset: Int64?

    /// Microseconds since 1970 UTC; nil where the stamp has no offset.
    package var instant: Int64? { offset.map { local - $0 * 1_000_000 } }
}

/// How a source writes times.
package struct StampFormat: Equatable, Sendable {
    private enum Piece: Equatable {
        /// A letter of `strptime`.
        case field(UInt8)
        case literal(UInt8)
        case blank
    }
    private enum Kind: Equatable {
        case iso
        /// ISO 8601, or a number since 1970 of as many digits as today's seconds, milli-, micro- or nanoseconds have.
        case automatic
        /// Divide by this for seconds.
        case number(Double)
        case pattern([Piece])
    }

    private let kind: Kind

    /// ISO 8601 with a date, such as `2026-01-05`, `2026/1/5 7:10` or `2026-01-05T07:10:00.5+05:30`; 24:00 ends a day.
    package static let iso = StampFormat(kind: .iso)
    /// ISO 8601 or a number since 1970, whose unit its digits tell.
    package static let automatic = StampFormat(kind: .automatic)

    private init(kind: Kind) { self.kind = kind }

    /// The format of a name (`iso`, `epoch`, `epoch-ms`, `epoch-us`, `epoch-ns`) or of a pattern such as `%d/%m/%Y %H:%M`,
    /// with the letters of `strptime` and `%f` for a fraction of a second; nil for anything else.
    package init?(_ text: String) {
        switch text {
        case "iso": kind = .iso
        case "epoch", "epoch-s": kind = .number(1)
        case "epoch-ms": kind = .number(1e3)
        case "epoch-us": kind = .number(1e6)
        case "epoch-ns": kind = .number(1e9)
        default:
            guard let pieces = Self.pieces(text) else { return nil }
            kind = .pattern(pieces)
        }
    }

    private static let fields = Set("YmdHMSyIpbBhjzZsfek".utf8)
    private static let shorthands: [UInt8: String] = [
        UInt8(ascii: "T"): "%H:%M:%S", UInt8(ascii: "R"): "%H:%M", UInt8(ascii: "F"): "%Y-%m-%d",
        UInt8(ascii: "D"): "%m/%d/%y",
    ]

    /// nil without a date, or with a letter that is none.
    private static func pieces(_ text: String) -> [Piece]? {
        var pieces: [Piece] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte != UInt8(ascii: "%") {
                pieces.append(byte.isBlank ? .blank : .literal(byte))
                continue
            }
            guard let letter = bytes.popFirst() else { return nil }
            if let longer = shorthands[letter] {
                bytes = Array(longer.utf8) + bytes
            } else if letter == UInt8(ascii: "%") {
                pieces.append(.literal(letter))
            } else if fields.contains(letter) {
                pieces.append(.field(letter))
            } else {
                return nil
            }
        }
        func has(_ letters: String) -> Bool { letters.utf8.contains { pieces.contains(.field($0)) } }
        let hasDate = has("Yy") && (has("mbBh") && has("de") || has("j"))
        return hasDate || has("s") ? pieces : nil
    }

    /// The time that a text is; nil where it is none.
    package func stamp(_ text: UnsafeRawBufferPointer) -> Stamp? {
        var scanner = StampScanner(text)
        switch kind {
        case .iso: return Self.iso(&scanner)
        case .automatic:
            if let number = Self.number(text) {
                let size = abs(number)
                let ticks = size < 1e8 ? 0 : size < 1e11 ? 1 : size < 1e14 ? 1e3 : size < 1e17 ? 1e6 : 1e9
                return ticks == 0 ? nil : Self.stamp(number / ticks)
            }
            return Self.iso(&scanner)
        case .number(let ticks): return Self.number(text).flatMap { Self.stamp($0 / ticks) }
        case .pattern(let pieces): return Self.pattern(pieces, &scanner)
        }
    }

    private static func stamp(_ seconds: Double) -> Stamp? {
        abs(seconds) < 1e11 ? Stamp(local: Int64((seconds * 1e6).rounded()), offset: 0) : nil
    }

    private static func number(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count >= 9, text.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") }) else { return nil }
        return Double(String(decoding: text, as: UTF8.self))
    }

    private static func iso(_ scanner: inout StampScanner) -> Stamp? {
        guard let year = scanner.number(4...4), let mark = scanner.next(), "-/".utf8.contains(mark),
            let month = scanner.number(1...2), scanner.skip(mark), let day = scanner.number(1...2)
        else { return nil }
        var time = CivilTime(year: year, month: month, day: day)
        if scanner.isAtEnd { return time.stamp(offset: nil) }
        guard scanner.skip(UInt8(ascii: "T")) || scanner.skip(UInt8(ascii: "t")) || scanner.skipBlanks(),
            let hour = scanner.number(1...2)
        else { return nil }
        time.hour = hour
        if scanner.skip(UInt8(ascii: ":")) {
            guard let minute = scanner.number(2...2) else { return nil }
            time.minute = minute
            if scanner.skip(UInt8(ascii: ":")) {
                guard let second = scanner.number(2...2), let fraction = scanner.fraction() else { return nil }
                (time.second, time.fraction) = (second, fraction)
            }
        }
        _ = scanner.skipBlanks()
        if scanner.isAtEnd { return time.stamp(offset: nil) }
        return scanner.offset().flatMap { scanner.isAtEnd ? time.stamp(offset: $0) : nil }
    }

    private static func pattern(_ pieces: [Piece], _ scanner: inout StampScanner) -> Stamp? {
        var time = CivilTime(year: 1970, month: 1, day: 1)
        var isAfternoon: Bool?
        var offset: Int64?
        var seconds: Int64?
        for piece in pieces {
            switch piece {
            case .blank: _ = scanner.skipBlanks()
            case .literal(let byte):
                guard let next = scanner.next(), next.lowercased == byte.lowercased else { return nil }
            case .field(let letter):
                var number: Int?
                switch UnicodeScalar(letter) {
                case "Y": number = scanner.number(4...4); time.year = number ?? 0
                case "y": number = scanner.number(2...2); time.year = number.map { $0 + ($0 < 69 ? 2000 : 1900) } ?? 0
                case "m": number = scanner.number(1...2); time.month = number ?? 0
                case "d", "e": number = scanner.number(1...2); time.day = number ?? 0
                case "H", "I", "k": number = scanner.number(1...2); time.hour = number ?? 0
                case "M": number = scanner.number(1...2); time.minute = number ?? 0
                case "S":
                    number = scanner.number(1...2)
                    guard let fraction = scanner.fraction() else { return nil }
                    (time.second, time.fraction) = (number ?? 0, fraction)
                case "f":
                    guard let fraction = scanner.digitsOfSecond() else { return nil }
                    (number, time.fraction) = (0, fraction)
                case "j": number = scanner.number(1...3); time.dayOfYear = number ?? 0
                case "b", "B", "h": number = scanner.month(); time.month = number ?? 0
                case "p": isAfternoon = scanner.isAfternoon(); number = isAfternoon == nil ? nil : 0
                case "z", "Z": offset = scanner.offset(); number = offset == nil ? nil : 0
                default: number = scanner.number(1...12); seconds = number.map(Int64.init)
                }
                guard number != nil else { return nil }
            }
        }
        guard scanner.isAtEnd else { return nil }
        if let seconds { return Stamp(local: seconds * 1_000_000, offset: 0) }
        if let isAfternoon {
            guard (1...12).contains(time.hour) else { return nil }
            time.hour = time.hour % 12 + (isAfternoon ? 12 : 0)
        }
        return time.stamp(offset: offset)
    }
}

/// A date and a time of day.
private struct CivilTime {
    var year: Int
    var month: Int
    var day: Int
    /// Counts instead of month and day where it is given.
    var dayOfYear: Int?
    var hour = 0
    var minute = 0
    var second = 0
    /// Microseconds.
    var fraction: Int64 = 0

    /// nil where the calendar has no such day or the day no such time; 24:00 is the next day's 00:00.
    func stamp(offset: Int64?) -> Stamp? {
        let january = UTCHour(year: year, month: 1, day: 1, hour: 0)
        let midnight =
            dayOfYear.map { january?.advanced(by: 24 * ($0 - 1)) }
            ?? UTCHour(year: year, month: month, day: day, hour: 0)
        let next = UTCHour(year: year + 1, month: 1, day: 1, hour: 0)
        guard let midnight, let january, let next, january <= midnight, midnight < next,
            (0..<60).contains(minute), (0..<60).contains(second),
            (0..<24).contains(hour) || hour == 24 && minute == 0 && second == 0 && fraction == 0
        else { return nil }
        let seconds = midnight.secondsSinceEpoch + Int64(hour * 3600 + minute * 60 + second)
        return Stamp(local: seconds * 1_000_000 + fraction, offset: offset)
    }
}

/// Reads a time from left to right.
private struct StampScanner {
    private let text: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int

    init(_ text: UnsafeRawBufferPointer) {
        self.text = text
        (position, end) = (0, text.count)
        while position < end, text[position].isBlank { position += 1 }
    }

    var isAtEnd: Bool {
        var place = position
        while place < end, text[place].isBlank { place += 1 }
        return place == end
    }

    mutating func next() -> UInt8? {
        guard position < end else { return nil }
        position += 1
        return text[position - 1]
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard position < end, text[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func skipBlanks() -> Bool {
        let start = position
        while position < end, text[position].isBlank { position += 1 }
        return position > start
    }

    mutating func number(_ digits: ClosedRange<Int>) -> Int? {
        var (value, count) = (0, 0)
        while count < digits.upperBound, position < end, text[position].isDigit {
            value = value * 10 + Int(text[position] - UInt8(ascii: "0"))
            (count, position) = (count + 1, position + 1)
        }
        return count >= digits.lowerBound ? value : nil
    }

    /// Microseconds behind a point or a comma; 0 where there is neither.
    mutating func fraction() -> Int64? {
        guard position < end, ".,".utf8.contains(text[position]) else { return 0 }
        position += 1
        return digitsOfSecond()
    }

    mutating func digitsOfSecond() -> Int64? {
        var (value, unit, count): (Int64, Int64, Int) = (0, 100_000, 0)
        while position < end, text[position].isDigit {
            value += Int64(text[position] - UInt8(ascii: "0")) * unit
            (unit, count, position) = (unit / 10, count + 1, position + 1)
        }
        return count > 0 && count < 19 ? value : nil
    }

    /// Seconds east of Greenwich: `Z`, `UTC`, `GMT` or `±HH:MM`.
    mutating func offset() -> Int64? {
        _ = skipBlanks()
        let start = position
        while position < end, !text[position].isBlank { position += 1 }
        let word = Array(text[start..<position])
        return LocalClock.offset(word[...])
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// An English month, whole or its first three letters.
    mutating func month() -> Int? {
        let start = position
        while position < end, (97...122).contains(text[position].lowercased) { position += 1 }
        let word = String(decoding: text[start..<position], as: UTF8.self).lowercased()
        return Self.months.firstIndex { word.hasPrefix($0) }.map { $0 + 1 }
    }

    /// `AM`, `PM`, `a.m.`, `p`.
    mutating func isAfternoon() -> Bool? {
        _ = skipBlanks()
        guard let letter = next()?.lowercased, "ap".utf8.contains(letter) else { return nil }
        _ = skip(UInt8(ascii: "."))
        if position < end, text[position].lowercased == UInt8(ascii: "m") {
            position += 1
            _ = skip(UInt8(ascii: "."))
        }
        return letter == UInt8(ascii: "p")
    }
}

extension UInt8 {
    fileprivate var lowercased: UInt8 { (65...90).contains(self) ? self + 32 : self }
}
