/// A data type of PostgreSQL by its OID (`pg_type.oid`), fixed for built-in types.
public struct PostgresType: Hashable, Sendable {
    /// The OID of the type.
    public let oid: UInt32

    /// A type by its OID.
    public init(oid: UInt32) { self.oid = oid }

    static let bool = Self(oid: 16)
    static let bytea = Self(oid: 17)
    static let name = Self(oid: 19)
    static let int8 = Self(oid: 20)
    static let int2 = Self(oid: 21)
    static let int4 = Self(oid: 23)
    static let text = Self(oid: 25)
    static let oidType = Self(oid: 26)
    static let json = Self(oid: 114)
    static let float4 = Self(oid: 700)
    static let float8 = Self(oid: 701)
    static let unknown = Self(oid: 705)
    static let boolArray = Self(oid: 1000)
    static let int2Array = Self(oid: 1005)
    static let int4Array = Self(oid: 1007)
    static let textArray = Self(oid: 1009)
    static let int8Array = Self(oid: 1016)
    static let float4Array = Self(oid: 1021)
    static let float8Array = Self(oid: 1022)
    static let bpchar = Self(oid: 1042)
    static let varchar = Self(oid: 1043)
    static let timestamptz = Self(oid: 1184)
    static let timestamptzArray = Self(oid: 1185)
    static let jsonb = Self(oid: 3802)
    static let jsonbArray = Self(oid: 3807)
    static let xid8 = Self(oid: 5069)
    static let xid8Array = Self(oid: 271)
}

extension PostgresType: CustomStringConvertible {
    /// The name that SQL has for it, for the types that this module knows, else `type 1234`.
    public var description: String { Self.names[self] ?? "type \(oid)" }

    private static let names: [PostgresType: String] = [
        .bool: "boolean", .bytea: "bytea", .name: "name", .int8: "bigint", .int2: "smallint", .int4: "integer",
        .text: "text", .oidType: "oid", .json: "json", .float4: "real", .float8: "double precision",
        .unknown: "unknown", .boolArray: "boolean[]", .int2Array: "smallint[]", .int4Array: "integer[]",
        .textArray: "text[]", .int8Array: "bigint[]", .float4Array: "real[]", .float8Array: "double precision[]",
        .bpchar: "character", .varchar: "character varying", .timestamptz: "timestamptz",
        .timestamptzArray: "timestamptz[]", .jsonb: "jsonb", .jsonbArray: "jsonb[]", .xid8: "xid8",
        .xid8Array: "xid8[]", Self(oid: 1082): "date", Self(oid: 1114): "timestamp without time zone",
        Self(oid: 1186): "interval", Self(oid: 1700): "numeric", Self(oid: 2950): "uuid",
    ]
}
