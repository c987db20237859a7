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

    private func hour(_ measures: Measures, present: UInt8 = 0b11_1111) -> Measures {
        var judged = measures
        QualityControl.judge(&judged, present: present, by: .standard) { _, _ in }
        return judged
    }

    /// Weather alone, and PM2.5 that is an error code: the origin stays until there is PM2.5 again.
    @Test(arguments: [Float.nan, -999, 9_999, .infinity], [1, 2, 30])
    func aLaterHourWithoutPM25MovesNothing(pm25: Float, ahead: Int) throws {
        var book = book(newest: now.advanced(by: -40))
        let hour = now.advanced(by: -40 + ahead)
        let measures = self.hour(reading(pm25), present: pm25.isNaN ? 0b11_1110 : 0b11_1111)
        #expect(book.take(station: 1, hour: hour, measures: measures, now: now) == .nothing)
        #expect(try #require(book.entries[1]).window.newest == now.advanced(by: -40))
        #expect(book.takeAdvanced().isEmpty)
        // Its weather is in the database when the next reading that is an origin makes the window load anew.
        let next = book.take(station: 1, hour: hour.advanced(by: 1), measures: reading(7), now: now)
        #expect(next == .reload)
    }

    @Test func pm25ThatComesAfterItsWeatherAdvances() {
        var book = book(newest: now.advanced(by: -1))
        let weather = Measures(temperature: 3, pressure: 1020)
        #expect(book.take(station: 1, hour: now, measures: weather, now: now) == .nothing)
        #expect(book.take(station: 1, hour: now, measures: reading(7), now: now) == .advanced)
        #expect(book.entries[1]?.window[now].pm25 == 7)
    }

    @Test(arguments: [0, -1, -29]) func weatherOfAnHourOfTheWindowReloads(offset: Int) {
        var book = book(newest: now.advanced(by: -1))
        let weather = Measures(temperature: 3)
        let hour = now.advanced(by: -1 + offset)
        #expect(book.take(station: 1, hour: hour, measures: weather, now: now) == .reload)
    }

    @Test func aStationWhoseFirstReadingIsWeatherIsLoaded() {
        var book = StationBook(rules: .standard)
        #expect(book.take(station: 9, hour: now, measures: Measures(temperature: 3), now: now) == .reload)
    }

    @Test func smallNegativePM25Advances() {
        var book = book(newest: now.advanced(by: -1))
        #expect(book.take(station: 1, hour: now, measures: hour(reading(-4)), now: now) == .advanced)
    }

    @Test func recordsSentUnderNewHoursAdvanceAndAreNoOrigin() throws {
        var book = book(newest: now.advanced(by: -5))
        var flags: [QualityControl.Flag] = []
        for back in (0..<5).reversed() {
            let hour = now.advanced(by: -back)
            let effect = book.take(station: 1, hour: hour, measures: reading(7), now: now) { flags.append($2) }
            #expect(effect == .advanced)
        }
        #expect(flags == [.duplicate, .duplicate])
        let window = try #require(book.entries[1]).window
        #expect(window.newest == now && window[now].pm25.isNaN && !window.isStuck)
        #expect(throws: GapRule.Outage.self) { try GapRule.fill(window) }
        #expect(book.takeAdvanced() == [1])
    }

    @Test func anIssueTellsWhichDayItRestsOn() {
        let issue = StationBook.Issue(revision: 2, digest: 7, settledDay: 16_000)
        #expect(issue != StationBook.Issue(revision: 2, digest: 7, settledDay: nil))
        #expect(issue != StationBook.Issue(revision: 2, digest: 7, settledDay: 15_999))
    }
}
