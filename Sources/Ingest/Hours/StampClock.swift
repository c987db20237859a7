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

    /// nil where every time has an offset.
    package let clock: LocalClock?
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
            guard let stamp = StampFormat.iso.stamp(bytes) else { throw Fault("observed_at is not a time") }
            if let instant = stamp.instant { return instant }
            return try instant(local: stamp.local)
        }
    }

    private mutating func instant(local microseconds: Int64) throws(Fault) -> Int64 {
        let name = clock?.name ?? ""
        guard let instants = instants(local: microseconds) else {
            throw Fault("the time has no offset: attach the table again with time_zone")
        }
        guard let first = instants.first else { throw Fault(Self.never(name)) }
        guard instants.count == 1 else {
            throw Fault(
                "the clock of \(name) shows this time twice: a time with an offset, or timestamptz, would tell which")
        }
        return first
    }

    /// When the clock shows a time: never where it is put forward over it, twice where it is put back.
    ///
    /// - Parameter microseconds: since 1970-01-01 00:00 of the clock.
    /// - Returns: microseconds since 1970 UTC; nil where there is no clock.
    package mutating func instants(local microseconds: Int64) -> [Int64]? {
        guard clock != nil else { return nil }
        look(microseconds)
        return instants.map { microseconds + ($0 - quarter * 900) * 1_000_000 }
    }

    /// When the clock shows a time that it shows once; nil for others, and where there is no clock.
    package mutating func instant(onceLocal microseconds: Int64) -> Int64? {
        guard clock != nil else { return nil }
        look(microseconds)
        return instants.count == 1 ? microseconds + (instants[0] - quarter * 900) * 1_000_000 : nil
    }

    /// Clocks change at whole quarters of an hour.
    private mutating func look(_ microseconds: Int64) {
        let now = microseconds.floored(by: 900_000_000)
        guard now != quarter else { return }
        quarter = now
        instants = clock?.instants(local: now * 900) ?? []
    }

    /// Says that a clock never shows a time.
    package static func never(_ name: String) -> String {
        "the clock of \(name) never shows this time: it is put forward over it"
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
