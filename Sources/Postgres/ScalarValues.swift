extension Bool: PostgresElement {
    /// `boolean`.
    public static var postgresType: PostgresType { .bool }
    /// `boolean[]`.
    public static var postgresArrayType: PostgresType { .boolArray }
    /// One byte.
    public func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    /// From `boolean`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, type == .bool, let byte = bytes.bigEndian(UInt8.self) else { return nil }
        self = byte != 0
    }
}

extension Int16: PostgresElement {
    /// `smallint`.
    public static var postgresType: PostgresType { .int2 }
    /// `smallint[]`.
    public static var postgresArrayType: PostgresType { .int2Array }
    /// Two bytes.
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    /// From `smallint`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, type == .int2, let value = bytes.bigEndian(Int16.self) else { return nil }
        self = value
    }
}

extension Int32: PostgresElement {
    /// `integer`.
    public static var postgresType: PostgresType { .int4 }
    /// `integer[]`.
    public static var postgresArrayType: PostgresType { .int4Array }
    /// Four bytes.
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    /// From `integer` or `smallint`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        if let bytes, type == .int4, let value = bytes.bigEndian(Int32.self) {
            self = value
        } else if let value = Int16(postgres: bytes, type: type) {
            self = Int32(value)
        } else {
            return nil
        }
    }
}

extension Int64: PostgresElement {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`.
    public static var postgresArrayType: PostgresType { .int8Array }
    /// Eight bytes.
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
    /// From `bigint`, `integer`, `smallint` or `oid`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        if let bytes, type == .int8, let value = bytes.bigEndian(Int64.self) {
            self = value
        } else if let bytes, type == .oidType, let value = bytes.bigEndian(UInt32.self) {
            self = Int64(value)
        } else if let value = Int32(postgres: bytes, type: type) {
            self = Int64(value)
        } else {
            return nil
        }
    }
}

extension Int: PostgresElement {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`.
    public static var postgresArrayType: PostgresType { .int8Array }
    /// Eight bytes.
    public func encode(into bytes: inout [UInt8]) { Int64(self).encode(into: &bytes) }
    /// From `bigint`, `integer`, `smallint` or `oid`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let value = Int64(postgres: bytes, type: type) else { return nil }
        self = Int(value)
    }
}

extension Float: PostgresElement {
    /// `real`.
    public static var postgresType: PostgresType { .float4 }
    /// `real[]`.
    public static var postgresArrayType: PostgresType { .float4Array }
    /// Four bytes; NaN and the infinities stay what they are.
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
    /// From `real`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, type == .float4, let bits = bytes.bigEndian(UInt32.self) else { return nil }
        self = Float(bitPattern: bits)
    }
}

extension Double: PostgresElement {
    /// `double precision`.
    public static var postgresType: PostgresType { .float8 }
    /// `double precision[]`.
    public static var postgresArrayType: PostgresType { .float8Array }
    /// Eight bytes; NaN and the infinities stay what they are.
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
    /// From `double precision` or `real`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        if let bytes, type == .float8, let bits = bytes.bigEndian(UInt64.self) {
            self = Double(bitPattern: bits)
        } else if let value = Float(postgres: bytes, type: type) {
            self = Double(value)
        } else {
            return nil
        }
    }
}
