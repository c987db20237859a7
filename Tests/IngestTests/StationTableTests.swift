import Forecast
import TestSupport
import Testing

@testable import Ingest

@Suite struct StationTableTests {
    private func entry(_ hour: Int32) -> StationBook.Entry {
        StationBook.Entry(window: StationWindow(newest: UTCHour(hoursSinceEpoch: hour)))
    }

    @Test func itHoldsWhatADictionaryWould() {
        var random = SeededGenerator()
        var table = StationTable()
        var reference: [Int32: Int32] = [:]
        for hour in 1...20_000 as ClosedRange<Int32> {
            let station = Int32.random(in: -700...700, using: &random)
            if Int.random(in: 0..<3, using: &random) == 0 {
                table[station] = nil
                reference[station] = nil
            } else {
                table[station] = entry(hour)
                reference[station] = hour
            }
        }
        #expect(table.count == reference.count)
        for station in -701...701 as ClosedRange<Int32> {
            #expect(table[station]?.window.newest.hoursSinceEpoch == reference[station])
            #expect((table.place(of: station) == nil) == (reference[station] == nil))
        }
    }

    @Test func aPlaceStaysWhileOthersComeAndGo() throws {
        var table = StationTable()
        table[7] = entry(7)
        let place = try #require(table.place(of: 7))
        for station in 100...2_000 as ClosedRange<Int32> { table[station] = entry(station) }
        for station in 100...1_000 as ClosedRange<Int32> { table[station] = nil }
        for station in 3_000...3_500 as ClosedRange<Int32> { table[station] = entry(station) }
        #expect(table.place(of: 7) == place)
        table.update(at: place) { $0.longitude = 116 }
        #expect(table[7]?.longitude == 116)
        let others = (0..<table.count).count { table.update(at: $0) { $0.longitude != nil } }
        #expect(others == 1)
    }

    @Test func aCopyIsOnesOwn() throws {
        var table = StationTable()
        table[1] = entry(1)
        var copy = table
        copy[1] = entry(2)
        copy[2] = entry(3)
        #expect(table[1]?.window.newest.hoursSinceEpoch == 1 && table[2] == nil && table.count == 1)
    }

    @Test func emptiedItIsEmpty() {
        var table = StationTable()
        #expect(table.isEmpty)
        table[1] = entry(1)
        table[1] = nil
        table[2] = nil
        #expect(table.isEmpty && table.count == 0 && table.place(of: 1) == nil)
    }
}
