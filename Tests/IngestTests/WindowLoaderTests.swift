import Forecast
import Testing

@testable import Ingest

private let now = UTCHour(hoursSinceEpoch: 400_000)

@Suite struct WindowLoaderTests {
    private func loaded(_ hours: [Measures]) -> StationWindow {
        let span = StationWindow.hours + QualityRules.standard.lookBack
        let padded = Array(repeating: Measures(), count: max(0, span - hours.count)) + hours.suffix(span)
        return WindowLoader.window(of: padded[...], until: now, by: .standard) { _, _, _ in }
    }

    /// The same hours, one by one: those without PM2.5 move nothing, and their weather is read with the next that has
    /// it.
    private func advanced(_ hours: [Measures]) -> StationWindow {
        var window = StationWindow(newest: now.advanced(by: -hours.count))
        for (place, measures) in hours.enumerated() where !measures.pm25.isNaN {
            let hour = now.advanced(by: place + 1 - hours.count)
            for late in window.newest.distance(to: hour) > 1 ? Array(window.newest.advanced(by: 1)..<hour) : [] {
                window.advance(hours[hours.count - 1 - late.distance(to: now)], by: .standard)
            }
            window.advance(measures, by: .standard)
        }
        return window
    }

    private func isSame(_ a: StationWindow, _ b: StationWindow) -> Bool {
        a.newest == b.newest && a.isStuck == b.isStuck
            && (0..<Window.length).allSatisfy { back in
                let hour = a.newest.advanced(by: -back)
                return a[hour].pm25.bitPattern == b[hour].pm25.bitPattern
            }
    }

    private func hour(_ pm25: Float, _ place: Int) -> Measures { Measures(pm25: pm25, temperature: Float(place)) }

    @Test func aNewestReadingThatDoesNotPassLeavesTheOneBefore() {
        let hours = (0..<60).map { hour($0 < 58 ? Float(5 + $0 % 7) : .nan, $0) }
        #expect(loaded(hours).newest == now.advanced(by: -2))
        #expect(isSame(loaded(hours), advanced(hours)))
    }

    @Test func aNewestReadingThatDoesNotPassLeavesOneThatIsStuck() {
        let hours = (0..<60).map { hour($0 < 30 ? Float(5 + $0 % 7) : $0 < 59 ? 40 : .nan, $0) }
        let window = loaded(hours)
        #expect(window.newest == now.advanced(by: -1) && window.isStuck)
        #expect(isSame(window, advanced(hours)))
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func loadingIsAdvancing(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var last: Float = 40
        let hours = (0..<80).map { place in
            if random.next() % 12 == 0 { last = Float(random.next() % 50) }
            return hour(random.next() % 6 == 0 ? .nan : random.next() % 20 == 0 ? 900 : last, place)
        }
        #expect(isSame(loaded(hours), advanced(hours)), "seed \(seed)")
    }
}
