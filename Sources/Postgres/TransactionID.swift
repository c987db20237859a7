/// The number of a transaction as `xid8` has it, which never wraps around.
public struct TransactionID: Hashable, Sendable {
    /// Epoch and transaction number in one.
    public var value: UInt64

    /// A transaction by its number.
    public init(_ value: UInt64) { self.value = value }
}

extension TransactionID: Comparable {
    /// In the order in which the transactions got their numbers.
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

extension TransactionID: PostgresElement {
    /// `xid8`.
    public static var postgresType: PostgresType { .xid8 }
    /// `xid8[]`.
    public static var postgresArrayType: PostgresType { .xid8Array }
    /// Eight bytes.
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(value) }
    /// From `xid8`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, type == .xid8, let value = bytes.bigEndian(UInt64.self) else { return nil }
        self.init(value)
    }
}
