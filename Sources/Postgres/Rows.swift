import CLibpq

/// The answer to a query: rows in binary format, held in memory until the last copy of it goes.
public struct Rows: Sendable {
    let result: QueryResult

    /// How many columns each row has.
    public var columnCount: Int { result.columnCount }

    /// Rows that the statement returned or changed.
    public var affected: Int { Int(String(cString: PQcmdTuples(result.pointer))) ?? count }

    /// What the server did, as it says it: COMMIT, or ROLLBACK instead of it.
    var command: String { String(cString: PQcmdStatus(result.pointer)) }

    /// The position of the first column of that name, as the query spells it; nil when there is none.
    public func column(_ name: String) -> Int? {
        (0..<columnCount).first { text(PQfname(result.pointer, Int32($0))) == name }
    }

    /// One column of one row.
    ///
    /// - Throws: `.decoding` when there is no such field, or it is NULL or of a type that does not fit.
    public func decode<Value: PostgresDecodable>(
        _: Value.Type = Value.self, row: Int, column: Int
    ) throws(PostgresError) -> Value {
        guard indices.contains(row), column >= 0, column < columnCount else {
            throw PostgresError(
                .decoding, "there is no row \(row), column \(column): the answer has \(count) rows of \(columnCount)",
                operation: "decode")
        }
        let type = PostgresType(oid: PQftype(result.pointer, Int32(column)))
        let bytes = field(row, column)
        guard let value = Value(postgres: bytes, type: type) else {
            let name = text(PQfname(result.pointer, Int32(column))) ?? "\(column)"
            throw PostgresError(
                .decoding, "column \"\(name)\" is \(bytes == nil ? "NULL" : "\(type)"), not \(Value.self)",
                operation: "decode")
        }
        return value
    }

    /// The only row of an answer that has one.
    ///
    /// - Throws: `.decoding` when there is none, or more than one.
    public func single() throws(PostgresError) -> Row {
        guard count == 1 else {
            throw PostgresError(.decoding, "one row was expected, not \(count)", operation: "decode")
        }
        return self[0]
    }

    @inline(__always)
    func field(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
        guard UInt(bitPattern: row) < UInt(result.rowCount), UInt(bitPattern: column) < UInt(result.columnCount),
            PQgetisnull(result.pointer, Int32(row), Int32(column)) == 0,
            let value = PQgetvalue(result.pointer, Int32(row), Int32(column))
        else { return nil }
        return UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result.pointer, Int32(row), Int32(column))))
    }
}

/// Fields of loops over many rows, whose columns and types the SQL itself fixes.
///
/// - Precondition: there is such a row and such a column, of that type. A NULL is 0 or NaN; `isNull` tells.
extension Rows {
    /// Whether a field is NULL.
    public func isNull(_ row: Int, _ column: Int) -> Bool { field(row, column, of: []) == nil }

    /// A field of type `smallint`.
    public func int16(_ row: Int, _ column: Int) -> Int16 {
        field(row, column, of: [.int2])?.bigEndian(Int16.self) ?? 0
    }

    /// A field of type `integer`.
    public func int32(_ row: Int, _ column: Int) -> Int32 {
        field(row, column, of: [.int4])?.bigEndian(Int32.self) ?? 0
    }

    /// A field of type `bigint`, or of `timestamptz` in microseconds since 2000.
    public func int64(_ row: Int, _ column: Int) -> Int64 {
        field(row, column, of: [.int8, .timestamptz])?.bigEndian(Int64.self) ?? 0
    }

    /// A field of type `real`.
    public func float(_ row: Int, _ column: Int) -> Float {
        (field(row, column, of: [.float4])?.bigEndian(UInt32.self)).map(Float.init(bitPattern:)) ?? .nan
    }

    @inline(__always)
    private func field(_ row: Int, _ column: Int, of types: [PostgresType]) -> UnsafeRawBufferPointer? {
        precondition(indices.contains(row) && column >= 0 && column < columnCount, "no row \(row), column \(column)")
        let type = PostgresType(oid: PQftype(result.pointer, Int32(column)))
        precondition(types.isEmpty || types.contains(type), "column \(column) is of \(type)")
        return field(row, column)
    }
}

extension Rows: RandomAccessCollection {
    /// The first row.
    public var startIndex: Int { 0 }
    /// One beyond the last row.
    public var endIndex: Int { result.rowCount }
    /// A row by its position in the answer.
    public subscript(index: Int) -> Row { Row(rows: self, index: index) }
}

/// One row of an answer.
public struct Row: Sendable {
    let rows: Rows
    /// Where it stands in the answer.
    public let index: Int

    /// The value of a column by its position.
    ///
    /// - Throws: `.decoding` when there is no such column, or it is NULL or of a type that does not fit.
    public func decode<Value: PostgresDecodable>(
        _ type: Value.Type = Value.self, at column: Int
    ) throws(PostgresError) -> Value {
        try rows.decode(type, row: index, column: column)
    }

    /// The value of a column by its name.
    ///
    /// - Throws: `.decoding` when there is no such column, or it is NULL or of a type that does not fit.
    public func decode<Value: PostgresDecodable>(
        _ type: Value.Type = Value.self, _ name: String
    ) throws(PostgresError) -> Value {
        guard let column = rows.column(name) else {
            throw PostgresError(.decoding, "the answer has no column \"\(name)\"", operation: "decode")
        }
        return try rows.decode(type, row: index, column: column)
    }
}

/// What libpq returned for one statement.
///
/// `@unchecked Sendable`: a `PGresult` does not change after it has been returned, and libpq documents that such results
/// may be read from any thread; it is freed once, when nobody can read it any more.
final class QueryResult: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(pointer) }
}
