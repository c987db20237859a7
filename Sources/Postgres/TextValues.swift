extension String: PostgresElement {
    /// `text`.
    public static var postgresType: PostgresType { .text }
    /// `text[]`.
    public static var postgresArrayType: PostgresType { .textArray }
    /// UTF-8, as it is; the server refuses a NUL character (SQLSTATE 22021).
    public func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    /// From `text`, `character varying`, `character`, `name`, `json` or an untyped literal.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, Self.types.contains(type) else { return nil }
        self.init(decoding: bytes, as: UTF8.self)
    }

    private static let types: Set<PostgresType> = [.text, .varchar, .bpchar, .name, .json, .unknown]
}

/// JSON as text, for columns of type `jsonb`.
public struct JSONText: PostgresElement, Hashable {
    /// The JSON document.
    public var text: String

    /// JSON from its text; the server checks that it is well-formed.
    public init(_ text: String) { self.text = text }

    /// `jsonb`.
    public static var postgresType: PostgresType { .jsonb }
    /// `jsonb[]`.
    public static var postgresArrayType: PostgresType { .jsonbArray }
    /// A version byte, then the text.
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(1)
        bytes.append(contentsOf: text.utf8)
    }
    /// From `jsonb` or `json`.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes else { return nil }
        switch type {
        case .json: text = String(decoding: bytes, as: UTF8.self)
        case .jsonb where bytes.first == 1: text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        default: return nil
        }
    }
}

/// Bytes are `bytea`, not an array of one-byte integers, which PostgreSQL does not have.
extension UInt8: PostgresElement {
    /// `bytea`: there is no type for a single byte.
    public static var postgresType: PostgresType { .bytea }
    /// `bytea`.
    public static var postgresArrayType: PostgresType { .bytea }
    /// One byte.
    public func encode(into bytes: inout [UInt8]) { bytes.append(self) }
    /// From a `bytea` of one byte.
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard let bytes, type == .bytea, let value = bytes.bigEndian(UInt8.self) else { return nil }
        self = value
    }
    /// The bytes as they are.
    public static func encodeArray(_ elements: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: elements)
    }
    /// The bytes as they are.
    public static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: PostgresType) -> [UInt8]? {
        type == .bytea ? Array(bytes) : nil
    }
}
