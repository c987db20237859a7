import Postgres
import TestSupport
import Testing

@Suite struct BinaryCopyReaderTests {
    private struct Line: Equatable {
        var small: Int32?
        var large: Int64?
        var real: Float?
    }

    private static func line(_ row: inout BinaryCopyReader.Row) -> Line {
        Line(small: row.int32(), large: row.int64(), real: row.float())
    }

    @Test func rowsAreReadAsTheServerSendsThem() async throws {
        try await withConnection { connection in
            let sql = """
                COPY (SELECT n, CASE WHEN n % 3 > 0 THEN n::bigint << 40 END, CASE WHEN n % 2 > 0 THEN (n / 4.0)::real END
                    FROM generate_series(-500, 500) AS n ORDER BY n) TO STDOUT (FORMAT binary)
                """
            let (_, lines) = try await connection.copyOut(sql, into: (BinaryCopyReader(), [Line]())) { state, message in
                state.0.read(message) { state.1.append(Self.line(&$0)) }
            }
            let expected = (-500...500).map { (n: Int) -> Line in
                let large: Int64? = n % 3 > 0 ? Int64(n) << 40 : nil
                let real: Float? = n % 2 > 0 ? Float(n) / 4 : nil
                return Line(small: Int32(n), large: large, real: real)
            }
            let wrong = zip(lines, expected).filter { $0 != $1 }
            #expect(lines.count == expected.count && wrong.isEmpty)
        }
    }

    @Test func anEmptyAnswerHasNoRows() async throws {
        try await withConnection { connection in
            let (_, rows) = try await connection.copyOut(
                "COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)", into: (BinaryCopyReader(), 0)
            ) { state, message in
                state.0.read(message) { _ in state.1 += 1 }
            }
            #expect(rows == 0)
        }
    }

    @Test func aValueOfAnotherWidthIsNoValueAndTheNextOneIsRight() async throws {
        try await withConnection { connection in
            let (_, lines) = try await connection.copyOut(
                "COPY (SELECT 1::bigint, 2::bigint, 3::real) TO STDOUT (FORMAT binary)",
                into: (BinaryCopyReader(), [Line]())
            ) { state, message in
                state.0.read(message) { state.1.append(Self.line(&$0)) }
            }
            #expect(lines == [Line(small: nil, large: 2, real: 3)])
        }
    }

    /// Whatever a peer sends, nothing outside of the message is looked at: under AddressSanitizer that would be a report.
    @Test func aMessageThatIsCutOffOrMadeUpEndsTheReading() {
        let row: [UInt8] = [0, 3, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255]
        let header = [UInt8](repeating: 0, count: 19)
        var random = SeededGenerator()
        func read(_ bytes: [UInt8]) -> Int {
            var reader = BinaryCopyReader()
            var rows = 0
            // Memory of just this size, so that whoever reads on is caught.
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { memory.deallocate() }
            memory.copyBytes(from: bytes)
            reader.read(UnsafeRawBufferPointer(memory)) {
                _ = Self.line(&$0)
                rows += 1
            }
            return rows
        }
        #expect(read(header + row) == 1 && read(header + row + row) == 2)
        for length in 0..<(header + row).count { #expect(read(Array((header + row)[..<length])) <= length) }
        for _ in 0..<10_000 {
            var bytes = header + row + row
            for _ in 0..<3 {
                bytes[Int.random(in: 19..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            #expect(read(bytes) <= bytes.count)
        }
    }
}
