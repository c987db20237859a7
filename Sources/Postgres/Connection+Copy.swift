extension Connection {
    /// COPY … FROM STDIN out of one buffer.
    ///
    /// - Parameters:
    ///   - sql: the whole COPY statement, which also says the format of the bytes.
    ///   - bytes: see `BinaryCopyWriter` for `WITH (FORMAT binary)`.
    /// - Returns: rows copied.
    /// - Throws: as `query`; then no row has been copied.
    @discardableResult
    public func copyIn(
        _ sql: String, _ bytes: [UInt8], timeout: Duration = .seconds(60)
    ) async throws(PostgresError) -> Int {
        let operation = try operation(of: sql)
        let result = try await call(operation, timeout: timeout) { session throws(PostgresError) in
            var rest: [UInt8]? = bytes
            return Result { try session.copyIn(sql) { rest.take() } }
        }
        return try result.mapError { PostgresError($0, operation: operation) }.get()
    }

    /// COPY … FROM STDIN out of chunks, which `nextChunk` makes on the connection's thread, so that memory holds one at a
    /// time.
    ///
    /// - Parameters:
    ///   - sql: the whole COPY statement, which also says the format of the bytes.
    ///   - nextChunk: the next bytes, cut anywhere; nil at the end. Its time counts towards the deadline.
    /// - Returns: rows copied.
    /// - Throws: what `nextChunk` threw, or as `query`; then no row has been copied.
    @discardableResult
    public func copyIn(
        _ sql: String, timeout: Duration = .seconds(60), nextChunk: sending @escaping () throws -> [UInt8]?
    ) async throws -> Int {
        let result = try await call(operation(of: sql), timeout: timeout) { session throws(PostgresError) in
            Result { try session.copyIn(sql, nextChunk: nextChunk) }
        }
        return try result.get()
    }

    /// COPY … TO STDOUT, folded into a value on the connection's thread.
    ///
    /// - Parameters:
    ///   - sql: the whole COPY statement.
    ///   - initial: what to begin with.
    ///   - update: gets each message of the server: one row in text and CSV format, rows of any number in binary. The
    ///     bytes are valid during the call only.
    /// - Throws: what `update` threw, after the server has been stopped, or as `query`.
    public func copyOut<Value: Sendable>(
        _ sql: String, timeout: Duration = .seconds(60), into initial: Value,
        _ update: @Sendable (inout Value, UnsafeRawBufferPointer) throws -> Void
    ) async throws -> Value {
        let result = try await call(operation(of: sql), timeout: timeout) { session throws(PostgresError) in
            Result {
                var value = initial
                try session.copyOut(sql) { try update(&value, $0) }
                return value
            }
        }
        return try result.get()
    }

    /// COPY … TO STDOUT into memory.
    ///
    /// - Throws: as `query`.
    public func copyOut(_ sql: String, timeout: Duration = .seconds(60)) async throws -> [UInt8] {
        try await copyOut(sql, timeout: timeout, into: []) { $0.append(contentsOf: $1) }
    }
}

extension PostgresError {
    /// The error itself, where only its type has been lost.
    fileprivate init(_ error: any Error, operation: String) {
        self = error as? PostgresError ?? PostgresError(.misuse, "\(error)", operation: operation)
    }
}
