extension [UInt8] {
    /// Appends an integer in network byte order.
    @inline(__always)
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// Appends a value with its width in bytes before it, -1 for NULL.
    mutating func appendSized(_ value: some PostgresEncodable) {
        guard !value.isNull else {
            appendBigEndian(Int32(-1))
            return
        }
        let start = count
        appendBigEndian(Int32(0))
        value.encode(into: &self)
        let width = Int32(count - start - 4).bigEndian
        withUnsafeMutableBytes { $0.storeBytes(of: width, toByteOffset: start, as: Int32.self) }
    }
}

extension UnsafeRawBufferPointer {
    /// The integer in network byte order at an offset; nil beyond the end.
    @inline(__always)
    func bigEndian<Value: FixedWidthInteger>(_: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return nil }
        return Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// The integer in network byte order that the buffer holds; nil when it has another width.
    @inline(__always)
    func bigEndian<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        count == MemoryLayout<Value>.size ? bigEndian(type, at: 0) : nil
    }
}
