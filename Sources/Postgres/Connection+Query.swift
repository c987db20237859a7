extension Connection {
    /// One statement with its parameters bound, by the extended protocol, binary both ways.
    ///
    /// The statement is prepared the first time that the connection sees it. When the schema has changed underneath, it is
    /// prepared anew, except inside a transaction, where the error is `.staleStatement`.
    ///
    /// - Parameter parameters: `$1`, `$2`, … in order; their SQL types are those of the Swift types.
    /// - Returns: all rows, in memory; for more than memory holds there is `copyOut`.
    /// - Throws: `.server` with the SQLSTATE, `.timedOut`, `.cancelled`, `.connectionLost`; `.misuse` for a COPY.
    @discardableResult
    public func query(
        _ sql: String, _ parameters: [any PostgresEncodable] = [], timeout: Duration = .seconds(30)
    ) async throws(PostgresError) -> Rows {
        let operation = try operation(of: sql)
        return try await call(operation, timeout: timeout) { session throws(PostgresError) in
            try session.query(sql, parameters)
        }
    }

    /// Several statements in one string, by the simple protocol: no parameters, no answer, one implicit transaction unless
    /// the script says otherwise. For what cannot be prepared, and for migrations.
    ///
    /// - Throws: the first statement's error; the server skips what comes after it.
    public func run(script: String, timeout: Duration = .seconds(30)) async throws(PostgresError) {
        let operation = try operation(of: script)
        try await call(operation, timeout: timeout) { session throws(PostgresError) in
            try session.run(script: script)
        }
    }

    /// A name for the statement in errors. A NUL character would end the statement early, so it is refused.
    func operation(of sql: String) throws(PostgresError) -> String {
        let operation = ServerMessage.operation(of: sql)
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.misuse, "the statement contains a NUL character", operation: operation)
        }
        return operation
    }
}
