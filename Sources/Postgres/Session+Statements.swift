import CLibpq

/// What makes a prepared statement another one.
struct StatementKey: Hashable {
    let sql: String
    let types: [UInt32]
}

extension Session {
    /// Prepared statements a connection keeps; whoever has more composes them, and they are then parsed each time.
    static let preparedStatementLimit = 256

    /// One statement with bound parameters, prepared the first time it is seen.
    func query(_ sql: String, _ parameters: [any PostgresEncodable]) throws(PostgresError) -> Rows {
        let values = BoundParameters(parameters)
        do {
            return try execute(sql, values)
        } catch {
            guard error.code == .staleStatement else { throw error }
            statements[StatementKey(sql: sql, types: values.types)] = nil
            // The schema or the session's statements have changed. Inside a transaction the error has doomed it.
            guard let connection, PQtransactionStatus(connection) == PQTRANS_IDLE else { throw error }
            return try execute(sql, values)
        }
    }

    private func execute(_ sql: String, _ values: BoundParameters) throws(PostgresError) -> Rows {
        let key = StatementKey(sql: sql, types: values.types)
        let count = Int32(values.types.count)
        if let name = try preparedStatement(key) {
            let connection = try live()
            let status = values.withPointers { pointers in
                PQsendQueryPrepared(connection, name, count, pointers, values.lengths, values.formats, 1)
            }
            try sent(status)
        } else {
            let connection = try live()
            let status = values.withPointers { pointers in
                PQsendQueryParams(connection, sql, count, values.types, pointers, values.lengths, values.formats, 1)
            }
            try sent(status)
        }
        guard let result = try collect() else { throw error(.misuse, "no answer") }
        return Rows(result: result)
    }

    /// The name of the statement on the server; nil when it is not worth preparing.
    private func preparedStatement(_ key: StatementKey) throws(PostgresError) -> String? {
        if let name = statements[key] { return name }
        guard statements.count < Self.preparedStatementLimit else { return nil }
        preparedCount += 1
        let name = "h\(preparedCount)"
        try sent(PQsendPrepare(live(), name, key.sql, Int32(key.types.count), key.types))
        _ = try collect()
        statements[key] = name
        return name
    }
}

/// Parameters in the form that libpq wants them: all binary, in one buffer.
struct BoundParameters {
    let types: [UInt32]
    let lengths: [Int32]
    let formats: [Int32]
    private let bytes: [UInt8]
    private let offsets: [Int?]

    init(_ parameters: [any PostgresEncodable]) {
        var bytes: [UInt8] = []
        var lengths: [Int32] = []
        var offsets: [Int?] = []
        for parameter in parameters {
            offsets.append(parameter.isNull ? nil : bytes.count)
            let start = bytes.count
            if !parameter.isNull { parameter.encode(into: &bytes) }
            lengths.append(Int32(clamping: bytes.count - start))
        }
        // An empty value must not have a nil address, which would be NULL.
        bytes.append(0)
        self.bytes = bytes
        self.lengths = lengths
        self.offsets = offsets
        types = parameters.map { type(of: $0).postgresType.oid }
        formats = Array(repeating: 1, count: parameters.count)
    }

    func withPointers<Result>(_ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
        bytes.withUnsafeBytes { buffer in
            let start = buffer.assumingMemoryBound(to: CChar.self).baseAddress
            return body(offsets.map { offset in offset.flatMap { start?.advanced(by: $0) } })
        }
    }
}
