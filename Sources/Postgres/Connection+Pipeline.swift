/// One statement and its parameters, to be sent together with others.
public struct Statement: Sendable {
    let sql: String
    let parameters: [any PostgresEncodable]

    /// A statement as `Connection.query` takes it.
    public init(_ sql: String, _ parameters: [any PostgresEncodable] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}

extension Connection {
    /// Several statements in one round trip, one after the other, by the extended protocol, binary both ways.
    ///
    /// Each sees what those before it have done. After an error the server skips the rest. Unless a transaction is open, all of
    /// them together are one.
    ///
    /// - Returns: the answer to each, in order.
    /// - Throws: the first error, as `query`.
    @discardableResult
    public func pipeline(
        _ statements: [Statement], timeout: Duration = .seconds(30)
    ) async throws(PostgresError) -> [Rows] {
        guard let first = statements.first else { return [] }
        let operation = try operation(of: first.sql)
        return try await call(operation, timeout: timeout) { session throws(PostgresError) in
            try session.pipeline(statements)
        }
    }
}
