import Forecast
import Testing

@testable import Ingest

private let now = UTCHour(hoursSinceEpoch: 400_000)

private func reading(_ pm25: Float) -> Measures {
    Measures(pm25: pm25, dewPoint: -5, temperature: 3, pressure: 1020, windDirection: 45, windSpeed: 2)
}

@Suite struct StationBookTests {
    private func book(newest: UTCHour) -> StationBook {
        var book = StationBook(rules: .standard)
        book.entries[1] = StationBook.Entry(window: StationWindow(newest: newest))
        return book
    }

    @Test func theNextHourAdvancesTheWindow() {
        var book = book(newest: now.advanced(by: -1))
        #expect(book.take(station: 1, hour: now, measures: reading(7), now: now) == .advanced)
        #expect(book.entries[1]?.window[now].pm25 == 7)
    }

    @Test(arguments: [-53, -29, -1, 0, 2, 3, 400])
    func gapsLateAndCorrectedReadingsReload(offset: Int) {
        let newest = now.advanced(by: -500)
        var book = book(newest: newest)
        #expect(book.take(station: 1, hour: newest.advanced(by: offset), measures: reading(7), now: now) == .reload)
        #expect(book.entries[1] == nil)
    }

    @Test func lateReadingOlderThanTheWindowChangesNothing() {
        var book = book(newest: now)
        #expect(book.take(station: 1, hour: now.advanced(by: -54), measures: reading(7), now: now) == .nothing)
    }

    @Test func unknownStationIsLoaded() {
        var book = StationBook(rules: .standard)
        #expect(book.take(station: 9, hour: now, measures: reading(7), now: now) == .reload)
    }

    @Test func readingsBefore2000AdvanceNothing() {
        var book = StationBook(rules: .standard)
        let hour = QualityControl.firstHour.advanced(by: -1)
        #expect(hour.description == "1999-12-31T23:00Z")
        #expect(book.take(station: 1, hour: hour, measures: reading(7), now: now) == .nothing)
    }

    @Test func readingFromTheFutureIsLookedAtAgainWhenDue() {
        var book = book(newest: now)
        #expect(book.take(station: 1, hour: now.advanced(by: 3), measures: reading(7), now: now) == .nothing)
        #expect(book.takeDue(now: now.advanced(by: 1)).isEmpty)
        #expect(book.takeDue(now: now.advanced(by: 2)) == [1])
        #expect(book.takeDue(now: now.advanced(by: 2)).isEmpty)
    }

    @Test func anHourThatTheLedgerAlreadyHasIsLookedUp() {
        var book = book(newest: now.advanced(by: -1))
        book.entries[1]?.newestOrigin = now
        #expect(book.take(station: 1, hour: now, measures: reading(7), now: now) == .reload)
    }
}
