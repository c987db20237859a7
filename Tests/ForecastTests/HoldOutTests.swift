import Foundation
import Testing

@testable import Forecast

/// What champion and challenger are compared on.
struct HoldOutTests {
    private static let start = UTCHour(hoursSinceEpoch: 400_000)

    /// Hours with a value that tells them apart.
    private func series(_ hours: Int, from first: Int = 0, pm25: (Int) -> Float = { Float($0 % 97) }) -> HourlySeries {
        HourlySeries(
            start: Self.start.advanced(by: first),
            measures: (first..<first + hours).map { hour in
                Measures(
                    pm25: pm25(hour), dewPoint: 1, temperature: 5, pressure: 1000, windDirection: 90, windSpeed: 2)
            })
    }

    private func model() throws -> Model {
        let file = URL(filePath: #filePath).appending(path: "../../../models/chapter.json").standardized
        return try Model(json: Data(contentsOf: file))
    }

    @Test func whatIsHeldOutIsNotKnown() {
        let end = Self.start.advanced(by: 2400)
        let holdOut = HoldOut(of: [series(2600), series(100), series(300, from: 1700)], before: end)
        #expect(holdOut.range == end.advanced(by: -504)..<end)
        #expect(holdOut.earlier == end.advanced(by: -81 * 24)..<end.advanced(by: -60 * 24))
        // Of each history what is before the earlier 21 days, and what is between them and the last.
        #expect(holdOut.known.map(\.measures.count) == [456, 936, 100, 0, 0, 196])
        #expect(holdOut.known[1].start == end.advanced(by: -60 * 24) && holdOut.stations == 3)
        // Changing what is held out changes nothing that a challenger learns from.
        let other = HoldOut(
            of: [
                series(2600) { (456..<960).contains($0) || $0 >= 1896 ? 9 : Float($0 % 97) }, series(100),
                series(300, from: 1700) { $0 < 1896 ? Float($0 % 97) : 9 },
            ], before: end)
        #expect(other.known.map(\.measures) == holdOut.known.map(\.measures))
    }

    @Test func whatComesAfterTheEndIsNotLookedAt() throws {
        let end = Self.start.advanced(by: 1000)
        let now = HoldOut(of: [series(1000)], before: end)
        let later = HoldOut(of: [series(1200) { $0 < 1000 ? Float($0 % 97) : 500 }], before: end)
        #expect(try now.scores(of: model(), in: now.range) == later.scores(of: model(), in: later.range))
        #expect(
            now.persistence(in: now.range) == later.persistence(in: later.range)
                && now.character.held == later.character.held)
    }

    @Test func everyObservedHourOfTheHoldOutIsScoredOnce() throws {
        let gap = 800
        let holdOut = HoldOut(
            of: [series(1000) { $0 == gap ? .nan : Float($0 % 97) }], before: Self.start.advanced(by: 1000))
        // Origins in 496..<1000 whose lead is before the end, less the one whose lead was not observed, and less the hour
        // that was not observed itself, which is no origin.
        let persistence = holdOut.persistence(in: holdOut.range)
        #expect(persistence.map(\.n) == HoldOut.leads.map { 504 - $0 - 2 })
        #expect(try holdOut.scores(of: model(), in: holdOut.range).map(\.n) == persistence.map(\.n))
    }

    /// Nothing of the weeks after them, which a challenger has learnt from.
    @Test func theEarlierDaysAreScoredByThemselves() throws {
        let end = Self.start.advanced(by: 2400)
        let holdOut = HoldOut(of: [series(2400)], before: end)
        #expect(holdOut.persistence(in: holdOut.earlier).map(\.n) == HoldOut.leads.map { 504 - $0 })
        let other = HoldOut(of: [series(2400) { $0 < 960 ? Float($0 % 97) : 9 }], before: end)
        #expect(
            try holdOut.scores(of: model(), in: holdOut.earlier) == other.scores(of: model(), in: other.earlier))
    }

    @Test func severalStationsAreScoredTogether() throws {
        let end = Self.start.advanced(by: 1000)
        let one = series(1000), other = series(600, from: 400) { Float(($0 * 7) % 89) }
        func scores(_ histories: [HourlySeries]) throws -> [Score] {
            let holdOut = HoldOut(of: histories, before: end)
            return try holdOut.scores(of: model(), in: holdOut.range)
        }
        let together = try scores([one, other])
        let apart = try [one, other].map { try scores([$0]) }
        for index in together.indices {
            let n = apart[0][index].n + apart[1][index].n
            let mse =
                (apart[0][index].mse * Double(apart[0][index].n) + apart[1][index].mse * Double(apart[1][index].n))
            #expect(together[index].n == n)
            #expect(abs(together[index].mse - mse / Double(n)) < 1e-9 * mse)
        }
    }

    @Test func aBlockIsCharacterisedByPersistenceAndMedian() {
        // Alternating 10 and 30: odd leads miss by 20, even ones by nothing.
        let flat = HoldOut(of: [series(2400) { $0 % 2 == 0 ? 10 : 30 }], before: Self.start.advanced(by: 2400))
        let (held, earlier) = flat.character
        #expect(held == BlockCharacter(persistence: [20, 0, 0, 0, 0, 0], median: 30))
        // 100 days: blocks end 21 to 79 days before the end.
        #expect(earlier.count == 59 && earlier.dropLast().allSatisfy { $0 == held })
    }

    @Test func blocksWithTooFewReadingsAreLeftOut() {
        let end = Self.start.advanced(by: 2400)
        let sparse = HoldOut(of: [series(2400) { $0 < 1200 && $0 % 5 != 0 ? .nan : Float($0 % 97) }], before: end)
        let full = HoldOut(of: [series(2400)], before: end)
        #expect(sparse.character.earlier.count < full.character.earlier.count)
        #expect(HoldOut(of: [series(2400) { $0 > 1700 ? .nan : 5 }], before: end).character.held == nil)
        #expect(HoldOut(of: [], before: end).character.held == nil)
    }

    @Test func aShortHistoryHasNoEarlierBlocks() {
        #expect(HoldOut(of: [series(1000)], before: Self.start.advanced(by: 1000)).character.earlier.isEmpty)
    }
}
