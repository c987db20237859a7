import CLibpq
import Glibc

extension Session {
    /// Bytes that are handed to libpq at a time.
    private static let copyChunk = 256 * 1024

    /// COPY … FROM STDIN with chunks until there are no more.
    ///
    /// - Returns: rows copied.
    /// - Throws: what `nextChunk` threw, with nothing copied, or a `PostgresError`.
    func copyIn(_ sql: String, nextChunk: () throws -> [UInt8]?) throws -> Int {
        try startCopy(sql, PGRES_COPY_IN)
        do {
            while stopReason == nil, isHealthy, let chunk = try nextChunk() { try put(chunk) }
        } catch let error as PostgresError where connection == nil {
            throw error
        } catch {
            try endCopyIn(error: "the source of the data failed")
            _ = try? collect()
            throw error
        }
        try endCopyIn(error: stopReason.map { $0 == .timedOut ? "deadline passed" : "cancelled" })
        let result = try collect()
        return result.flatMap { Int(String(cString: PQcmdTuples($0.pointer))) } ?? 0
    }

    /// COPY … TO STDOUT, each message (one row in text format) handed to `body`.
    ///
    /// - Throws: what `body` threw, after the server has been stopped, or a `PostgresError`.
    func copyOut(_ sql: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try startCopy(sql, PGRES_COPY_OUT)
        var failure: (any Error)?
        var count = 0
        while try nextCopyData({ data in
            guard failure == nil, stopReason == nil else { return }
            do { try body(data) } catch { failure = error }
        }) {
            count &+= 1
            if count % 256 == 0 { try checkStop() }
            if failure != nil { try requestStop(.cancelled) }
        }
        do { _ = try collect() } catch { throw failure ?? error }
        if let failure { throw failure }
    }

    /// Ends COPY FROM STDIN; with an error nothing is copied.
    func endCopyIn(error message: String?) throws(PostgresError) {
        let connection = try live()
        if PQputCopyEnd(connection, message) == 1 {
            try flush()
        } else if isHealthy {
            throw lost()
        }
    }

    /// Hands over the next message of COPY TO STDOUT; false at the end.
    func nextCopyData(_ body: (UnsafeRawBufferPointer) -> Void) throws(PostgresError) -> Bool {
        let connection = try live()
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(connection, &buffer, 1)
            defer { PQfreemem(buffer) }
            if count > 0 {
                body(UnsafeRawBufferPointer(start: buffer, count: Int(count)))
                return true
            }
            guard count == 0 else { return false }
            try wait(for: POLLIN)
            if PQconsumeInput(connection) == 0 { return false }
        }
    }

    private func startCopy(_ sql: String, _ expected: ExecStatusType) throws(PostgresError) {
        try sent(PQsendQuery(live(), sql))
        guard let result = try nextResult() else { throw error(.misuse, "not a COPY statement") }
        guard PQresultStatus(result.pointer) != expected else { return }
        switch PQresultStatus(result.pointer) {
        case PGRES_COPY_IN: try endCopyIn(error: "no data")
        case PGRES_COPY_OUT: while try nextCopyData({ _ in }) {}
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: break
        default:
            let failure = self.failure(result)
            _ = try? collect()
            throw failure
        }
        _ = try? collect()
        throw error(.misuse, "not the COPY statement that belongs here")
    }

    private func put(_ bytes: [UInt8]) throws(PostgresError) {
        let connection = try live()
        var offset = 0
        while offset < bytes.count, stopReason == nil, isHealthy {
            let count = min(Self.copyChunk, bytes.count - offset)
            let status = bytes.withUnsafeBytes { buffer in
                PQputCopyData(
                    connection, buffer.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self),
                    Int32(count))
            }
            switch status {
            case 1: offset += count
            case 0: break  // libpq's buffer is full
            default: throw lost()
            }
            try flush()
            try checkStop()
        }
    }
}
