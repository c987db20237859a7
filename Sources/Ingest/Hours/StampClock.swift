import Foundation

/// Turns the time column of an attached table or a file into instants.
package struct StampClock: Sendable {
    /// A time as the table has it.
    package enum Raw {
        /// Microseconds since 1970 UTC.
        case instant(Int64)
        /// Microseconds since 1970-01-01 00:00 of the clock.
        case local(Int64)
        case text(UnsafeRawBufferPointer)
    }

    /// Why a time is none.
    package struct Fault: Error, Equatable {
        package let reason: String

        package init(_ reason: String) { self.reason = reason }
    }

    private let clock: LocalClock?
    private var quarter: Int64 = .min
    private var instants: [Int64] = []

    /// Of times that all have an offset.
    package init() { clock = nil }

    /// - Parameter zone: nil where every time has an offset.
    /// - Returns: nil for a zone that is unknown.
    package init?(zone: String?) {
        clock = zone.flatMap(LocalClock.init)
        if zone != nil, clock == nil { return nil }
    }

    /// Microseconds since 1970 UTC.
    package mutating func instant(_ raw: Raw) throws(Fault) -> Int64 {
        switch raw {
        case .instant(let microseconds): return microseconds
        case .local(let microseconds): return try instant(local: microseconds)
        case .text(let bytes):
            let text = ArraySlice(bytes)
            guard let time = Self.time(text) else { throw Fault("observed_at is not a time") }
            guard let offset = time.offset else { return try instant(local: time.microseconds) }
            return time.microseconds - offset * 1_000_000
        }
    }

    /// What a clock shows, at an instant and the hours around it in which it may have been put forward or back.
    private mutating func instant(local microseconds: Int64) throws(Fault) -> Int64 {
        guard let clock else { throw Fault("the time has no offset: attach the table again with time_zone") }
        let second = microseconds.floored(by: 1_000_000)
        // Clocks change at whole quarters of an hour.
        let now = second.floored(by: 900)
        if now != quarter {
            quarter = now
            instants = clock.instants(local: now * 900)
        }
        guard let first = instants.first else {
            throw Fault("the clock of \(clock.name) never shows this time: it is put forward over it")
        }
        guard instants.count == 1 else {
            throw Fault(
                """
                the clock of \(clock.name) shows this time twice: a time with an offset, or timestamptz, would tell \
                which
                """)
        }
        return microseconds + (first - now * 900) * 1_000_000
    }

    /// ISO 8601 with a date: `2026-01-05`, `2026-01-05T07:10`, `2026-01-05 07:10:00.5+05:30`.
    private static func time(_ text: ArraySlice<UInt8>) -> (microseconds: Int64, offset: Int64?)? {
        var rest = text
        if text.count == 10 { rest = text + " 00:00".utf8 }
        guard rest.count > 12 else { return nil }
        // A fraction of a second by itself: `LocalStamp` knows whole ones.
        var fraction: Int64 = 0
        if let point = rest.firstIndex(of: UInt8(ascii: ".")) {
            let digits = rest[(point + 1)...].prefix(while: \.isDigit)
            guard (1...9).contains(digits.count), point == rest.startIndex + 19 else { return nil }
            let micro = (digits + [UInt8](repeating: UInt8(ascii: "0"), count: 6)).prefix(6)
            fraction = Int64(String(decoding: micro, as: UTF8.self)) ?? 0
            rest = rest[..<point] + rest[digits.endIndex...]
        }
        guard let stamp = try? LocalStamp(rest, "observed_at") else { return nil }
        return (stamp.seconds * 1_000_000 + fraction, stamp.offset)
    }

    /// Why an instant cannot be that of a row; nil when it can.
    package static func fault(_ instant: Int64, now: Int64) -> String? {
        if instant < 0 { return "observed_at is before 1970" }
        return instant > now + 86_400_000_000 ? "observed_at is more than a day in the future" : nil
    }
}

extension Int64 {
    /// The quotient, rounded down.
    package func floored(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
