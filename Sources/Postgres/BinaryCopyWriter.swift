/// Rows in the format of `COPY … WITH (FORMAT binary)`, written straight into one buffer.
///
/// The server does not convert here: each value must be of exactly its column's type.
public struct BinaryCopyWriter: Sendable {
    /// What has been written so far, without the trailer.
    public private(set) var bytes: [UInt8] = []

    /// A writer that has written the header.
    ///
    /// - Parameter capacity: bytes to reserve.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity + 32)
        bytes.append(contentsOf: Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00])
        bytes.appendBigEndian(UInt32(0))  // flags
        bytes.appendBigEndian(UInt32(0))  // length of the header's extension
    }

    /// Begins a row; exactly `fields` values must follow, else the server refuses the whole COPY (SQLSTATE 22P04).
    public mutating func beginRow(fields: Int16) { bytes.appendBigEndian(fields) }

    /// NULL.
    public mutating func appendNull() { bytes.appendBigEndian(Int32(-1)) }

    /// An `integer`.
    public mutating func append(_ value: Int32) {
        bytes.appendBigEndian(Int32(4))
        bytes.appendBigEndian(value)
    }

    /// A `bigint`.
    public mutating func append(_ value: Int64) {
        bytes.appendBigEndian(Int32(8))
        bytes.appendBigEndian(value)
    }

    /// A `timestamptz`.
    public mutating func append(_ value: PostgresTimestamp) { append(value.microsecondsSince2000) }

    /// A `real`; NaN stays NaN.
    public mutating func append(_ value: Float) {
        bytes.appendBigEndian(Int32(4))
        bytes.appendBigEndian(value.bitPattern)
    }

    /// A `real` that is missing, and therefore NULL, where it is NaN.
    public mutating func append(nullIfNaN value: Float) {
        if value.isNaN { appendNull() } else { append(value) }
    }

    /// A `real[]`; NaN stays NaN.
    public mutating func append(_ values: [Float]) {
        values.withUnsafeBufferPointer { append($0) }
    }

    /// A `real[]`; NaN stays NaN.
    public mutating func append(_ values: UnsafeBufferPointer<Float>) {
        guard !values.isEmpty else {
            bytes.appendSized([Float]())
            return
        }
        bytes.appendBigEndian(Int32(20 + 8 * values.count))
        bytes.appendBigEndian(Int32(1))  // dimensions
        bytes.appendBigEndian(Int32(0))  // no NULL in it
        bytes.appendBigEndian(PostgresType.float4.oid)
        bytes.appendBigEndian(Int32(values.count))
        bytes.appendBigEndian(Int32(1))  // lower bound
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: values.count) { elements in
            for index in values.indices {
                // Width and value in one.
                elements[index] = (UInt64(4) << 32 | UInt64(values[index].bitPattern)).bigEndian
            }
            bytes.append(contentsOf: UnsafeRawBufferPointer(elements))
        }
    }

    /// A value of any other type, or NULL.
    public mutating func append(_ value: some PostgresEncodable) { bytes.appendSized(value) }

    /// Hands over what has been written since the last time, without the trailer, for a COPY that goes on.
    public mutating func takeBytes() -> [UInt8] {
        let taken = bytes
        bytes = []
        return taken
    }

    /// Makes room for so many bytes more.
    public mutating func reserve(_ more: Int) { bytes.reserveCapacity(bytes.count + more) }

    /// Writes the trailer and hands over all bytes.
    public consuming func finished() -> [UInt8] {
        bytes.appendBigEndian(Int16(-1))
        return bytes
    }
}
