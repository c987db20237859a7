/// Reads what `COPY … TO STDOUT (FORMAT binary)` sends, message by message.
public struct BinaryCopyReader: Sendable {
    /// The next field of a row; each is to be read once, in order, as its own type.
    public struct Row {
        fileprivate let bytes: UnsafeRawBufferPointer
        fileprivate var offset: Int

        @inline(__always)
        private mutating func next<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
            guard let width = bytes.bigEndian(Int32.self, at: offset) else { return nil }
            offset += 4
            guard width >= 0 else { return nil }
            defer { offset += Int(width) }
            return Int(width) == MemoryLayout<Value>.size ? bytes.bigEndian(type, at: offset) : nil
        }

        /// An `integer`; nil where NULL.
        public mutating func int32() -> Int32? { next(Int32.self) }
        /// A `bigint`, or a `timestamptz` in µs since 2000; nil where NULL.
        public mutating func int64() -> Int64? { next(Int64.self) }
        /// A `real`; nil where NULL.
        public mutating func float() -> Float? { next(UInt32.self).map(Float.init(bitPattern:)) }
        /// A `double precision`; nil where NULL.
        public mutating func double() -> Double? { next(UInt64.self).map(Double.init(bitPattern:)) }
        /// A `text`, as UTF-8 that is valid until the message has been read; nil where NULL.
        public mutating func text() -> UnsafeRawBufferPointer? {
            guard let width = bytes.bigEndian(Int32.self, at: offset) else { return nil }
            offset += 4
            guard width >= 0, Int(width) <= bytes.count - offset else { return nil }
            defer { offset += Int(width) }
            return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(width)])
        }
    }

    /// Signature, flags, and the length of an extension that no server sends.
    private static let headerLength = 19
    private var isHeaderRead = false

    /// A reader of one COPY.
    public init() {}

    /// Reads the rows of one message, which holds whole rows only.
    ///
    /// - Parameter body: reads all fields of a row.
    public mutating func read(_ message: UnsafeRawBufferPointer, _ body: (inout Row) -> Void) {
        var row = Row(bytes: message, offset: isHeaderRead ? 0 : Self.headerLength)
        isHeaderRead = true
        while let fields = message.bigEndian(Int16.self, at: row.offset), fields >= 0 {
            row.offset += 2
            body(&row)
        }
    }
}
