/// An instant as PostgreSQL's `timestamptz` has it.
public struct PostgresTimestamp: Hashable, Sendable {
    /// Microseconds since 2000-01-01T00:00Z; the least and the greatest value are the infinities.
    public var microsecondsSince2000: Int64

    /// An instant from PostgreSQL's own count.
    public init(microsecondsSince2000: Int64) { self.microsecondsSince2000 = microsecondsSince2000 }

    /// The whole second that many seconds after 1970-01-01T00:00Z; an infinity beyond what PostgreSQL can count.
    public init(secondsSinceEpoch: Int64) {
        let (seconds, early) = secondsSinceEpoch.subtractingReportingOverflow(Self.epochOffset)
        let (microseconds, far) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if early || far {
            self = secondsSinceEpoch < 0 ? .negativeInfinity : .infinity
        } else {
            self.init(microsecondsSince2000: microseconds)
        }
    }

    /// Later than all others.
    public static let infinity = Self(microsecondsSince2000: .max)
    /// Earlier than all others.
    public static let negativeInfinity = Self(microsecondsSince2000: .min)

    /// Whether it is an instant at all.
    public var isFinite: Bool { self != .infinity && self != .negativeInfinity }

    /// Seconds since 1970-01-01T00:00Z, rounded down; nil for the infinities.
    public var secondsSinceEpoch: Int64? {
        guard isFinite else { return nil }
        let (quotient, remainder) = microsecondsSince2000.quotientAndRemainder(dividingBy: 1_000_000)
        return quotient - (remainder < 0 ? 1 : 0) + Self.epochOffset
    }

    /// Seconds from 1970-01-01 to 2000-01-01.
    private static let epochOffset: Int64 = 946_684_800
}

extension PostgresTimestamp: Comparable {
    /// Earlier before later.
    public static func < (left: Self, right: Self) -> Bool {
        left.microsecondsSince2000 < right.microsecondsSince2000
    }
}

extension PostgresTimestamp: PostgresElement {
    /// `timestamptz`.
    public static var postgresType: PostgresType { .timestamptz }
    /// `timestamptz[]`.
    public static var postgresArrayType: PostgresType { .timestamptzArray }
    /// Eight bytes.
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(microsecondsSince2000) }
    /// From `timestamptz`; a `timestamp without time zone` is not an instant.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, type == .timestamptz, let value = bytes.bigEndian(Int64.self) else { return nil }
        self.init(microsecondsSince2000: value)
    }
}
