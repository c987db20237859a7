import Forecast
import Foundation
import TestSupport
import Testing

@testable import Ingest

@Suite struct GzipStreamTests {
    /// 3 MB that compress to some tens of KB: more than one chunk goes out for one that comes in.
    private static let text = Array(
        (0..<100_000).map { "2024-01-01T00:00Z,\($0 % 977),\($0)" }.joined(separator: "\n").utf8)

    private static func member(_ bytes: some Sequence<UInt8>) throws -> [UInt8] { Array(try gzipped(bytes)) }

    /// Decompresses bytes that come in chunks of a given size.
    private func decompressed(_ bytes: [UInt8], chunk: Int = 1 << 18) throws -> [UInt8] {
        var position = min(max(2, chunk), bytes.count)
        let stream = GzipStream(
            Array(bytes[..<position]),
            read: { () throws(SourceError) in
                let end = min(position + chunk, bytes.count)
                defer { position = end }
                return Array(bytes[position..<end])
            }, fail: { SourceError(.unreadable, "\($0)") })
        var text: [UInt8] = []
        while true {
            let next = try stream.next()
            if next.isEmpty { return text }
            #expect(next.count <= 1 << 18)
            text += next
        }
    }

    private func contents(of file: TemporaryFile) throws -> [UInt8] {
        let file = try ByteFile(file.path)
        var contents: [UInt8] = []
        while true {
            let next = try file.next()
            if next.isEmpty { return contents }
            contents += next
        }
    }

    private func message(_ bytes: some Sequence<UInt8>) throws -> String {
        let file = try TemporaryFile(bytes)
        let error = #expect(throws: SourceError.self) { try contents(of: file) }
        #expect(error?.file == file.path && error?.code == .unreadable)
        return error?.message ?? ""
    }

    @Test(arguments: [1, 7, 4096, 1 << 18])
    func membersThatFollowOneAnotherAreOneText(chunk: Int) throws {
        let bytes = try Self.member(Self.text) + Self.member([]) + Self.member("end".utf8)
        #expect(try decompressed(bytes, chunk: chunk) == Self.text + Array("end".utf8))
        // Padding to a block of a tape is no text.
        #expect(
            try decompressed(bytes + [UInt8](repeating: 0, count: 512), chunk: chunk) == Self.text + Array("end".utf8))
    }

    @Test func theContentSaysWhetherAFileIsGzip() throws {
        #expect(try contents(of: TemporaryFile(Self.member(Self.text))) == Self.text)
        for plain in [[], [0x1F], [0x1F, 0x8C, 1], Array("No,year".utf8)] as [[UInt8]] {
            #expect(try contents(of: TemporaryFile(plain)) == plain)
        }
    }

    @Test func aGzipFileThatIsCutOffAnywhereIsAnError() throws {
        let bytes = try Self.member(Self.text)
        for length in [2, 9, 10, 11, bytes.count / 2, bytes.count - 8, bytes.count - 1] {
            #expect(try message(bytes.prefix(length)).contains("is cut off"), "\(length)")
        }
        #expect(try message(bytes + bytes.prefix(5)).contains("is cut off"))
    }

    @Test func aDamagedGzipFileIsAnError() throws {
        let bytes = try Self.member(Self.text)
        func flipped(_ index: Int) -> [UInt8] {
            var bytes = bytes
            bytes[index] ^= 0x55
            return bytes
        }
        // The method of compression, the middle of the data, the CRC, the length.
        for index in [2, bytes.count / 2, bytes.count - 8, bytes.count - 1] {
            #expect(try message(flipped(index)).contains("is damaged"), "\(index)")
        }
        #expect(try message(bytes + Array("more".utf8)).contains("is damaged"))
    }

    @Test func aReadingFileMayBeCompressedAndItsProgressIsThatOfTheFileOnDisk() throws {
        let file = try TemporaryFile(Self.member("station,observed_at,pm25\na,2024-01-01T00:00Z,7\n".utf8))
        let opened = try ReadingFile(file.path, layout: csv())
        var readings = try opened.read()
        #expect(try readings.popFirst()?.measures.pm25 == 7)
        #expect(try readings.popFirst() == nil)
        #expect(opened.bytesRead == opened.size)
    }
}
