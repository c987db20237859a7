import Forecast
import Testing

@testable import Ingest

private let origin = UTCHour(hoursSinceEpoch: 400_000)

private func reading(pm25: Float = 10) -> Measures {
    Measures(pm25: pm25, dewPoint: -5, temperature: 3, pressure: 1020, windDirection: 45, windSpeed: 2)
}

private func fullWindow() -> StationWindow {
    var window = StationWindow(newest: origin)
    for back in 0..<StationWindow.hours { window[origin.advanced(by: -back)] = reading(pm25: Float(back)) }
    return window
}

@Suite struct GapRuleTests {
    @Test func completeReadingsAreTakenAsTheyAre() throws {
        let window = try GapRule.fill(fullWindow())
        #expect(window.origin == origin)
        #expect(window.steps.map(\.pm25) == (0..<24).reversed().map(Float.init))
    }

    @Test(arguments: [(3, true), (4, false)])
    func missingPM25IsCarriedForThreeHours(hours: Int, isFilled: Bool) throws {
        var readings = fullWindow()
        for back in 5..<(5 + hours) { readings[origin.advanced(by: -back)].pm25 = .nan }
        let window = try? GapRule.fill(readings)
        #expect((window != nil) == isFilled)
        if let window { #expect(window.steps[18].pm25 == Float(5 + hours)) }
    }

    @Test(arguments: [(6, true), (7, false)])
    func missingWeatherIsCarriedForSixHours(hours: Int, isFilled: Bool) throws {
        for measure in [\Measures.dewPoint, \.temperature, \.pressure, \.windSpeed] {
            var readings = fullWindow()
            for back in 2..<(2 + hours) {
                readings[origin.advanced(by: -back)][keyPath: measure] = .nan
                if measure == \.windSpeed { readings[origin.advanced(by: -back)].windDirection = .nan }
            }
            #expect(((try? GapRule.fill(readings)) != nil) == isFilled)
        }
    }

    @Test func theFirstStepLooksBackBeyondTheWindow() throws {
        var readings = fullWindow()
        for back in 21..<24 { readings[origin.advanced(by: -back)].pm25 = .nan }
        for back in 18..<24 { readings[origin.advanced(by: -back)].temperature = .nan }
        #expect(try GapRule.fill(readings).steps[0].pm25 == 24)
        readings[origin.advanced(by: -24)].pm25 = .nan
        #expect(throws: GapRule.Outage.self) { try GapRule.fill(readings) }
    }

    @Test func aSpeedWithoutADirectionIsCalmAndNeitherIsCarried() throws {
        var readings = fullWindow()
        readings[origin.advanced(by: -3)].windDirection = .nan
        readings[origin.advanced(by: -2)].windDirection = .nan
        readings[origin.advanced(by: -2)].windSpeed = .nan
        let steps = try GapRule.fill(readings).steps
        #expect(steps[20].windDirection.isNaN && steps[20].windSpeed == 2)
        #expect(steps[21].windDirection.isNaN && steps[21].windSpeed == 2)
        #expect(steps[22].windDirection == 45)
    }

    @Test func theReasonNamesTheMeasureAndTheHour() {
        var readings = fullWindow()
        for back in 0..<4 { readings[origin.advanced(by: -back)].pm25 = .nan }
        #expect {
            try GapRule.fill(readings)
        } throws: { error in
            "\(error)".contains("pm25 missing at \(origin) and the 3 hours before")
        }
    }

    @Test func aFilledWindowIsFiniteAndEqualsItsDefinition() throws {
        for seed in UInt64(0)..<200 {
            var random = SplitMix64(seed: seed)
            var readings = fullWindow()
            for back in 0..<StationWindow.hours where random.next() % 4 == 0 {
                readings[origin.advanced(by: -back)].pm25 = .nan
            }
            // The definition: the newest value that is at most three hours old.
            let expected = (0..<24).reversed().map { back in
                (back...(back + 3)).lazy.map { readings[origin.advanced(by: -$0)].pm25 }.first { !$0.isNaN }
            }
            let window = try? GapRule.fill(readings)
            #expect(
                window?.steps.map(\.pm25) == (expected.contains(nil) ? nil : expected.compactMap { $0 }), "seed \(seed)"
            )
        }
    }
}
