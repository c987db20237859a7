import CLibpq

extension Session {
    /// Sends statements without waiting for the answers between them, and takes the answers.
    ///
    /// - Throws: the first error; then the statements after it were not run.
    func pipeline(_ statements: [Statement]) throws(PostgresError) -> [Rows] {
        guard PQenterPipelineMode(try live()) == 1 else { throw error(.misuse, "the connection is busy") }
        var keys: [StatementKey] = []
        do {
            for statement in statements { keys.append(try enqueue(statement)) }
            try sent(PQpipelineSync(live()))
            let rows = try answers(to: keys)
            try leavePipeline()
            return rows
        } catch {
            // Whether these are there is not known; names are never used twice.
            for key in pendingPreparations { self.statements[key] = nil }
            if error.code == .staleStatement {
                for key in keys { self.statements[key] = nil }
            }
            if connection != nil { try? leavePipeline() }
            throw error
        }
    }

    private func enqueue(_ statement: Statement) throws(PostgresError) -> StatementKey {
        let values = BoundParameters(statement.parameters)
        let key = StatementKey(sql: statement.sql, types: values.types)
        let count = Int32(values.types.count)
        let name: String
        if let known = statements[key] {
            name = known
        } else {
            preparedCount += 1
            name = "h\(preparedCount)"
            try sent(PQsendPrepare(live(), name, key.sql, count, key.types))
            statements[key] = name
            pendingPreparations.insert(key)
        }
        let connection = try live()
        try sent(
            values.withPointers { pointers in
                PQsendQueryPrepared(connection, name, count, pointers, values.lengths, values.formats, 1)
            })
        return key
    }

    /// Reads up to and with the end of the pipeline, whatever comes.
    private func answers(to keys: [StatementKey]) throws(PostgresError) -> [Rows] {
        var rows: [Rows] = []
        var failure: PostgresError?
        while true {
            guard let result = try nextResult() else {
                guard isHealthy else { throw lost() }
                continue  // the end of one statement's answer
            }
            switch PQresultStatus(result.pointer) {
            case PGRES_PIPELINE_SYNC:
                if let failure { throw failure }
                guard rows.count == keys.count else { throw error(.misuse, "an answer is missing") }
                return rows
            case PGRES_PIPELINE_ABORTED: break
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                throw abandon(error(.misuse, "COPY has no place in a pipeline"))
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                // A preparation is answered before its statement, without columns.
                if rows.count < keys.count, pendingPreparations.remove(keys[rows.count]) != nil { continue }
                rows.append(Rows(result: result))
            default: failure = failure ?? self.failure(result)
            }
        }
    }

    private func leavePipeline() throws(PostgresError) {
        pendingPreparations = []
        guard PQexitPipelineMode(try live()) == 1 else {
            throw abandon(error(.connectionLost, "the answers of a pipeline did not end"))
        }
    }
}
