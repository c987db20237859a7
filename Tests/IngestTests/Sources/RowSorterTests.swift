import Forecast
import TestSupport
import Testing

@testable import Ingest

@Suite struct RowSorterTests {
    private struct Key: Hashable, Comparable {
        let station: Int
        let instant: Int64
        let line: Int

        static func < (left: Key, right: Key) -> Bool {
            (left.station, left.instant, left.line) < (right.station, right.instant, right.line)
        }
    }

    /// Whatever the order and however little memory there is, rows come by station, time and line, with their values.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func rowsComeInOrder(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let isSorted = seed % 3 == 0
        let sorter = RowSorter(places: [0, 4], memory: [1 << 20, 4_096, 128][Int(seed % 3)])
        var keys = (1...1_000).map { line in
            Key(
                station: Int.random(in: 0..<3, using: &random), instant: Int64.random(in: -5...200, using: &random),
                line: line)
        }
        if isSorted {
            keys = keys.sorted().enumerated().map { Key(station: $1.station, instant: $1.instant, line: $0) }
        }
        for key in keys {
            var row = RowSorter.Row()
            (row.station, row.instant, row.line) = (key.station, key.instant, key.line)
            row.mask = UInt16(key.line % 65_536)
            row.values[0] = Double(key.line) / 7
            try sorter.append(row, of: "test")
        }
        try sorter.finish("test")
        var got: [Key] = []
        while let row = sorter.popFirst() {
            got.append(Key(station: row.station, instant: row.instant, line: row.line))
            #expect(row.values[0] == Double(row.line) / 7 && row.values[4].isNaN && row.values[1].isNaN)
            #expect(row.mask == UInt16(row.line % 65_536))
        }
        #expect(got == keys.sorted(), "seed \(seed)")
    }
}
