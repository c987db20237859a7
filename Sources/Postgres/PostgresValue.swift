/// A Swift value that travels to the server as a bound parameter, in PostgreSQL's binary format.
public protocol PostgresEncodable: Sendable {
    /// The type that the parameter is declared with; the server converts it no further than an assignment does.
    static var postgresType: PostgresType { get }
    /// Whether the value is NULL; `encode` is not called then.
    var isNull: Bool { get }
    /// Appends the binary form, without its length.
    func encode(into bytes: inout [UInt8])
}

extension PostgresEncodable {
    /// False: only an `Optional` can be NULL.
    public var isNull: Bool { false }
}

/// A Swift type that a column can be read as.
public protocol PostgresDecodable: Sendable {
    /// Reads the binary form of a column's type.
    ///
    /// - Parameter bytes: nil for NULL.
    /// - Returns: nil where type, width or contents do not fit; the caller makes a `.decoding` error of it.
    init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType)
}

/// A type that can also be the element of a one-dimensional array.
public protocol PostgresElement: PostgresEncodable, PostgresDecodable {
    /// The type of an array of these.
    static var postgresArrayType: PostgresType { get }
    /// Appends the binary form of an array.
    static func encodeArray(_ elements: [Self], into bytes: inout [UInt8])
    /// Reads the binary form of an array; nil where it does not fit, which includes NULL elements.
    static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: PostgresType) -> [Self]?
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The type of the value.
    public static var postgresType: PostgresType { Wrapped.postgresType }
    /// Whether there is no value.
    public var isNull: Bool { self?.isNull ?? true }
    /// Appends the value, or nothing where there is none.
    public func encode(into bytes: inout [UInt8]) { self?.encode(into: &bytes) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// NULL is nil.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard bytes != nil else {
            self = Wrapped?.none
            return
        }
        guard let value = Wrapped(postgres: bytes, type: type) else { return nil }
        self = value
    }
}

extension Array: PostgresEncodable where Element: PostgresElement {
    /// The array type; `bytea` for bytes.
    public static var postgresType: PostgresType { Element.postgresArrayType }
    /// Appends the elements.
    public func encode(into bytes: inout [UInt8]) { Element.encodeArray(self, into: &bytes) }
}

extension Array: PostgresDecodable where Element: PostgresElement {
    /// An array of at most one dimension without NULL elements; `bytea` for bytes.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, let elements = Element.decodeArray(bytes, type: type) else { return nil }
        self = elements
    }
}

extension PostgresElement {
    /// Dimensions, NULL flag, element type, length, lower bound 1, then each element with its width.
    public static func encodeArray(_ elements: [Self], into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
        bytes.appendBigEndian(Int32(0))
        bytes.appendBigEndian(postgresType.oid)
        guard !elements.isEmpty else { return }
        bytes.appendBigEndian(Int32(elements.count))
        bytes.appendBigEndian(Int32(1))
        for element in elements { bytes.appendSized(element) }
    }

    /// Accepts no dimension (an empty array) or one, whatever its lower bound.
    public static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: PostgresType) -> [Self]? {
        guard type == postgresArrayType, let dimensions = bytes.bigEndian(Int32.self, at: 0),
            let element = bytes.bigEndian(UInt32.self, at: 8)
        else { return nil }
        guard dimensions != 0 else { return [] }
        // Every element takes at least the four bytes of its width: no hostile count makes us allocate.
        guard dimensions == 1, let count = bytes.bigEndian(Int32.self, at: 12), count >= 0,
            Int(count) <= (bytes.count - 20) / 4
        else { return nil }
        var elements: [Self] = []
        elements.reserveCapacity(Int(count))
        var offset = 20
        for _ in 0..<count {
            guard let width = bytes.bigEndian(Int32.self, at: offset), width >= 0,
                Int(width) <= bytes.count - offset - 4
            else { return nil }
            let field = UnsafeRawBufferPointer(rebasing: bytes[(offset + 4)..<(offset + 4 + Int(width))])
            guard let value = Self(postgres: field, type: PostgresType(oid: element)) else { return nil }
            elements.append(value)
            offset += 4 + Int(width)
        }
        return elements
    }
}
