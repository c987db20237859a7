import Forecast
import Testing

@testable import Ingest

@Suite struct CSVReaderTests {
    private struct Parsed: Equatable {
        var line: Int
        var fields: [String]
        var fault: String?
    }

    /// Reads text in chunks of the given sizes, over and over.
    private func parse(_ bytes: [UInt8], chunks: [Int] = [1 << 16]) throws -> [Parsed] {
        var position = 0
        var turn = 0
        var reader = try CSVReader { () throws(SourceError) in
            let end = min(position + chunks[turn % chunks.count], bytes.count)
            defer { (position, turn) = (end, turn + 1) }
            return Array(bytes[position..<end])
        }
        var records: [Parsed] = []
        var record = CSVRecord()
        while try reader.next(&record) {
            records.append(Parsed(line: record.line, fields: record.texts, fault: record.fault))
        }
        return records
    }

    private func parse(_ text: String) throws -> [Parsed] { try parse(Array(text.utf8)) }

    @Test func everyKindOfLineEndEndsARecord() throws {
        let expected = [Parsed(line: 1, fields: ["a", "b"]), Parsed(line: 2, fields: ["c", "d"])]
        #expect(try parse("a,b\nc,d") == expected)
        #expect(try parse("a,b\r\nc,d\r\n") == expected)
        #expect(try parse("\u{FEFF}a,b\nc,d\r") == expected)
        #expect(try parse("") == [])
        #expect(try parse("\n\r\n \n").map(\.fields) == [[""]])
    }

    @Test func quotesHoldCommasQuotesAndLineBreaks() throws {
        let records = try parse("\"a,\"\"b\"\"\",\"\",\"x\ny\"\n z , \n,\n")
        #expect(
            records == [
                Parsed(line: 1, fields: ["a,\"b\"", "", "x\ny"]),
                Parsed(line: 3, fields: ["z", ""]),
                Parsed(line: 4, fields: ["", ""]),
            ])
    }

    @Test(arguments: ["a,\"b\nc,d\ne,f", "a,\"b\"x\nc,d\ne,f", "a,b\"\nc,d\ne,f", "a,\"b\nc\"d\ne,f"])
    func badQuotingCostsItsFirstLineOnly(text: String) throws {
        let records = try parse(text)
        #expect(records.first?.fault != nil)
        #expect(records.first?.line == 1)
        #expect(records.last == Parsed(line: 3, fields: ["e", "f"]))
        #expect(records.count == 3)
    }

    @Test func anUnclosedQuoteBeforeManyRowsIsBounded() throws {
        let row = "some,row\n"
        let count = 3 * CSVReader.longestRecord / row.utf8.count
        let records = try parse("\"open,row\n" + String(repeating: row, count: count))
        #expect(records.count == count + 1)
        #expect(records[0].fault != nil)
        #expect(records.dropFirst().allSatisfy { $0.fields == ["some", "row"] })
    }

    /// Whatever the bytes and wherever the chunks are cut: the same records, lines in order, and nothing of a sound file lost.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func chunksDoNotMatter(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let alphabet = Array("ab,,\"\"\n\r 1".utf8)
        let bytes = (0..<400).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
        let whole = try parse(bytes)
        let cut = try parse(bytes, chunks: (0..<7).map { _ in Int.random(in: 1...9, using: &random) })
        #expect(whole == cut, "seed \(seed)")
        #expect(zip(whole, whole.dropFirst()).allSatisfy { $0.line < $1.line }, "seed \(seed)")

        let fields = (0..<20).map { _ in
            (0..<3).map { _ in
                String(decoding: (0..<6).map { _ in alphabet[Int.random(in: 0..<7, using: &random)] }, as: UTF8.self)
            }
        }
        let text = fields.map { row in
            row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
        }.joined(separator: "\r\n")
        #expect(try parse(text).map(\.fields) == fields, "seed \(seed)")
    }
}
