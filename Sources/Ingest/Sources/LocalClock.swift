import Forecast
import Foundation

/// The clock by which a source stamps its readings.
public struct LocalClock: Sendable, Equatable {
    private enum Rule: Equatable {
        /// Seconds east of Greenwich, the year round.
        case fixed(Int64)
        case zone(TimeZone)
    }

    private let rule: Rule
    /// The name it was given.
    public let name: String

    /// Whether it is never put forward or back.
    var isFixed: Bool { if case .fixed = rule { true } else { false } }

    /// A fixed offset (`+05:30`, `-03`, `Z`, `UTC`) or a name of the IANA time zone data base; nil for anything else.
    public init?(_ name: String) {
        self.name = name
        if let offset = Self.offset(Array(name.utf8)[...]) {
            rule = .fixed(offset)
        } else if name.contains("/"), let zone = TimeZone(identifier: name) {
            rule = .zone(zone)
        } else {
            return nil
        }
    }

    /// Seconds east of Greenwich of `Z`, `UTC`, `±HH`, `±HHMM` or `±HH:MM`, at most 18 hours; nil for anything else.
    static func offset(_ text: ArraySlice<UInt8>) -> Int64? {
        if text.elementsEqual("Z".utf8) || text.elementsEqual("z".utf8) || text.elementsEqual("UTC".utf8)
            || text.elementsEqual("GMT".utf8)
        {
            return 0
        }
        guard let sign = text.first, "+-".utf8.contains(sign) else { return nil }
        let digits = text.dropFirst().filter { $0 != UInt8(ascii: ":") }
        let hasColon = text.count == 6 && text[text.startIndex + 3] == UInt8(ascii: ":")
        guard [2, 4].contains(digits.count), digits.allSatisfy(\.isDigit), hasColon || text.count == digits.count + 1,
            let number = Int64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let (hours, minutes) = digits.count == 2 ? (number, 0) : number.quotientAndRemainder(dividingBy: 100)
        guard minutes < 60, hours * 60 + minutes <= 18 * 60 else { return nil }
        return (sign == UInt8(ascii: "-") ? -60 : 60) * (hours * 60 + minutes)
    }

    /// The instants at which the clock shows a local time, in order and in seconds since 1970 UTC: none where the clock is
    /// put forward over it, two where it is put back.
    func instants(local seconds: Int64) -> [Int64] {
        switch rule {
        case .fixed(let offset):
            return [seconds - offset]
        case .zone(let zone):
            func offset(_ instant: Int64) -> Int64 {
                Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))
            }
            // The offset in force is that of a day before or a day after, whichever side of a change the time is on.
            return Set([offset(seconds - 86_400), offset(seconds + 86_400)])
                .map { seconds - $0 }
                .filter { $0 + offset($0) == seconds }
                .sorted()
        }
    }
}
