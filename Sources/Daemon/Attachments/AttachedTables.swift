package import Postgres

/// Settles attached tables, one look at one of them at a time.
package struct AttachedTables: Sendable {
    /// Processes that read a table and do not end, by attachment: there is no second one beside them.
    private var lingering: [Int32: AttachedReader.Process] = [:]

    package init() {}

    /// What is to be read of a table.
    mutating func plan(
        _ table: AttachedTable, by settling: AttachedSettling, reader: AttachedReader, at now: PostgresTimestamp
    ) async throws -> AttachedReading {
        if let process = lingering[table.id] {
            guard try await reader.end(process) else { throw AttachedReader.Lingering(process: process) }
            lingering[table.id] = nil
        }
        return try await settling.plan(table, at: now)
    }

    /// Notes why a table cannot be read, and when to try again.
    ///
    /// - Returns: what is to be said of it, if that is news.
    /// - Throws: the error, where the table is not at fault.
    mutating func fail(
        _ table: AttachedTable, with error: any Error, by settling: AttachedSettling, at now: PostgresTimestamp
    ) async throws -> String? {
        guard !Task.isCancelled, await settling.connection.isUsable, let message = message(error) else { throw error }
        if let error = error as? AttachedReader.Lingering { lingering[table.id] = error.process }
        return try await settling.fail(table, with: message, at: now) ? "\(table.source): \(message)" : nil
    }

    private func message(_ error: any Error) -> String? {
        if let error = error as? AttachedReader.Lingering {
            return "process \(error.process.id) goes on reading it although it was told to end"
        }
        return (error as? PostgresError)?.message
    }

    /// Settles a part of what waits for every attached table, at any time, for tests.
    ///
    /// - Returns: which tables have failed anew, and why.
    package mutating func settle(
        on connection: Connection, reader: AttachedReader, at now: PostgresTimestamp
    ) async throws -> [String] {
        let settling = AttachedSettling(connection: connection) { body in
            try await connection.withTransaction { try await body() }
        }
        let due = try await AttachedTable.due(at: now, on: connection)
        return try await settle(due, by: settling, reader: reader, at: now)
    }

    /// Settles a part of what waits for each of them.
    ///
    /// - Returns: which tables have failed anew, and why.
    mutating func settle(
        _ due: [AttachedTable], by settling: AttachedSettling, reader: AttachedReader, at now: PostgresTimestamp
    ) async throws -> [String] {
        var failures: [String] = []
        for table in due {
            do {
                var reading = try await plan(table, by: settling, reader: reader, at: now)
                try await reading.read(with: reader)
                try await settling.apply(reading)
            } catch {
                if let failure = try await fail(table, with: error, by: settling, at: now) { failures.append(failure) }
            }
        }
        return failures
    }
}
