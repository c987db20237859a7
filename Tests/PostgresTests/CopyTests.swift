import Postgres
import TestSupport
import Testing

struct CopyTests {
    private static let table =
        "CREATE TABLE ledger (station integer PRIMARY KEY, origin timestamptz, pm25 real[], band real, note text, ok boolean)"

    private static func rows(_ stations: Range<Int32>) -> [UInt8] {
        var writer = BinaryCopyWriter(capacity: stations.count * 300)
        for station in stations {
            writer.beginRow(fields: 6)
            writer.append(station)
            writer.append(PostgresTimestamp(secondsSinceEpoch: 1_420_038_000))
            writer.append((0..<24).map { Float($0) + Float(station) })
            writer.append(nullIfNaN: station % 2 == 0 ? .nan : 0.5)
            writer.append("note \(station)")
            writer.append(station % 3 == 0 ? true : Bool?.none)
        }
        return writer.finished()
    }

    @Test func binaryRowsArriveAsTheyWereWritten() async throws {
        try await withConnection { connection in
            try await connection.run(script: Self.table)
            let copied = try await connection.copyIn(
                "COPY ledger FROM STDIN WITH (FORMAT binary)", Self.rows(0..<10_000))
            #expect(copied == 10_000)
            let answer = try await connection.query(
                "SELECT pm25, band, note, ok, origin FROM ledger WHERE station = ANY($1) ORDER BY station",
                [[3, 4] as [Int32]])
            #expect(try answer[0].decode([Float].self, at: 0) == (0..<24).map { Float($0) + 3 })
            #expect(try answer[0].decode(Float?.self, at: 1) == 0.5)
            #expect(try answer[1].decode(Float?.self, at: 1) == nil)
            #expect(try answer[1].decode(String.self, at: 2) == "note 4")
            #expect(try answer[0].decode(Bool.self, at: 3))
            #expect(try answer[1].decode(Bool?.self, at: 3) == nil)
            #expect(try answer[1].decode(PostgresTimestamp.self, at: 4).secondsSinceEpoch == 1_420_038_000)
        }
    }

    @Test func whatWasCopiedOutGoesInAgain() async throws {
        try await withConnection { connection in
            try await connection.run(script: Self.table + "; CREATE TABLE again (LIKE ledger)")
            try await connection.copyIn("COPY ledger FROM STDIN WITH (FORMAT binary)", Self.rows(0..<5000))
            let bytes = try await connection.copyOut("COPY ledger TO STDOUT WITH (FORMAT binary)")
            #expect(try await connection.copyIn("COPY again FROM STDIN WITH (FORMAT binary)", bytes) == 5000)
            let lines = try await connection.copyOut("COPY again TO STDOUT", into: 0) { count, _ in count += 1 }
            #expect(lines == 5000)
            #expect(try await connection.query("SELECT FROM ledger EXCEPT SELECT FROM again").isEmpty)
        }
    }

    @Test func chunksMayBeCutAnywhere() async throws {
        try await withConnection { connection in
            try await connection.run(script: Self.table)
            let bytes = Self.rows(0..<500)
            var offset = 0
            let copied = try await connection.copyIn("COPY ledger FROM STDIN WITH (FORMAT binary)") {
                guard offset < bytes.count else { return nil }
                defer { offset += 777 }
                return Array(bytes[offset..<min(offset + 777, bytes.count)])
            }
            #expect(copied == 500)
        }
    }

    @Test func anErrorHalfWayCopiesNothing() async throws {
        struct SourceFailed: Error {}
        try await withConnection { connection in
            try await connection.run(script: Self.table)
            let copy = "COPY ledger FROM STDIN WITH (FORMAT binary)"
            await #expect(throws: SourceFailed.self) {
                var chunks = 0
                try await connection.copyIn(copy) {
                    chunks += 1
                    if chunks == 3 { throw SourceFailed() }
                    return chunks == 1 ? Array(Self.rows(0..<100).dropLast(2)) : []
                }
            }
            let duplicate = try await failure {
                try await connection.copyIn(
                    copy, Array(Self.rows(0..<50_000).dropLast(2)) + Self.rows(0..<1).dropFirst(19))
            }
            #expect(duplicate.sqlState == "23505" && duplicate.message.hasSuffix("(COPY ledger, line 50001)"))
            let torn = try await failure { try await connection.copyIn(copy, Array(Self.rows(0..<9).dropLast(9))) }
            #expect(torn.sqlState == "22P04")
            #expect(try await connection.query("SELECT FROM ledger").isEmpty)
        }
    }

    @Test func aReaderThatFailsStopsTheServer() async throws {
        struct Enough: Error {}
        try await withConnection { connection in
            await #expect(throws: Enough.self) {
                try await connection.copyOut("COPY (SELECT generate_series(1, 100000000)) TO STDOUT", into: 0) {
                    count, _ in
                    count += 1
                    if count == 10 { throw Enough() }
                }
            }
            let afterwards = try await connection.query("SELECT 1")
            #expect(afterwards.count == 1)
        }
    }

    @Test func copyHeedsDeadlineAndCancellation() async throws {
        try await withConnection { connection in
            try await connection.run(script: "CREATE TABLE t (a text)")
            let line = Array("abc\n".utf8)
            let late = try await failure {
                try await connection.copyIn("COPY t FROM STDIN", timeout: .milliseconds(100)) { line }
            }
            #expect(late.code == .timedOut && late.sqlState == "57014" && late.recovery == .retry)
            let out = try await failure {
                try await connection.copyOut(
                    "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT", timeout: .milliseconds(100), into: 0
                ) { count, _ in count += 1 }
            }
            #expect(out.code == .timedOut && out.sqlState == "57014")
            #expect(try await connection.query("SELECT FROM t").isEmpty)
        }
    }
}
