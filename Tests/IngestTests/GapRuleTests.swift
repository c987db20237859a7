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

private func closed(_ steps: [Measures]) throws(GapRule.Outage) -> [Measures] {
    var steps = steps
    let failure = steps.withUnsafeMutableBufferPointer { steps -> GapRule.Outage? in
        do throws(GapRule.Outage) {
            try GapRule.close(steps)
            return nil
        } catch { return error }
    }
    if let failure { throw failure }
    return steps
}

@Suite struct GapRuleTests {
    @Test func completeReadingsAreTakenAsTheyAre() throws {
        let (window, basis) = try GapRule.fill(fullWindow())
        #expect(window.origin == origin && basis == .full)
        #expect(window.steps.map(\.pm25) == (0..<24).reversed().map(Float.init))
    }

    @Test func missingPM25StaysMissing() throws {
        var readings = fullWindow()
        for back in [1, 5, 6, 23] { readings[origin.advanced(by: -back)].pm25 = .nan }
        let (window, basis) = try GapRule.fill(readings)
        #expect(basis == .partial)
        for (step, hour) in window.steps.enumerated() {
            let back = 23 - step
            #expect([1, 5, 6, 23].contains(back) ? hour.pm25.isNaN : hour.pm25 == Float(back))
            #expect(hour.temperature == 3)
        }
    }

    /// Hours with PM2.5 that the window has, its newest among them. Those before the window do not count.
    @Test(arguments: [
        (1, ForecastBasis.persistence), (2, .persistence), (3, .partial), (4, .partial), (23, .partial), (24, .full),
    ])
    func aModelNeedsThreeHours(present: Int, expected: ForecastBasis) throws {
        var random = SplitMix64(seed: UInt64(present))
        var readings = fullWindow()
        for back in (1..<24).shuffled(using: &random).prefix(24 - present) {
            readings[origin.advanced(by: -back)].pm25 = .nan
        }
        #expect(try GapRule.fill(readings).basis == expected)
    }

    @Test(arguments: [(6, true), (7, false)])
    func missingWeatherIsCarriedForSixHours(hours: Int, isFilled: Bool) throws {
        for measure in [\Measures.dewPoint, \.temperature, \.pressure, \.windSpeed] {
            var readings = fullWindow()
            for back in 2..<(2 + hours) {
                readings[origin.advanced(by: -back)][keyPath: measure] = .nan
                if measure == \.windSpeed { readings[origin.advanced(by: -back)].windDirection = .nan }
            }
            let (window, basis) = try GapRule.fill(readings)
            #expect(basis == .full)
            #expect(window.steps[21][keyPath: measure].isNaN != isFilled)
            #expect(window.steps.enumerated().allSatisfy { $0 == 21 || !$1[keyPath: measure].isNaN })
        }
    }

    @Test func theFirstStepLooksBackBeyondTheWindowForItsWeather() throws {
        var readings = fullWindow()
        for back in 21..<24 { readings[origin.advanced(by: -back)].pm25 = .nan }
        for back in 18..<24 { readings[origin.advanced(by: -back)].temperature = .nan }
        readings[origin.advanced(by: -24)].temperature = 8
        let steps = try GapRule.fill(readings).window.steps
        #expect(steps[0].temperature == 8 && steps[5].temperature == 8)
        #expect(steps[0].pm25.isNaN)
    }

    @Test func aSpeedWithoutADirectionIsCalmAndNeitherIsCarried() throws {
        var readings = fullWindow()
        readings[origin.advanced(by: -3)].windDirection = .nan
        readings[origin.advanced(by: -2)].windDirection = .nan
        readings[origin.advanced(by: -2)].windSpeed = .nan
        let steps = try GapRule.fill(readings).window.steps
        #expect(steps[20].windDirection.isNaN && steps[20].windSpeed == 2)
        #expect(steps[21].windDirection.isNaN && steps[21].windSpeed == 2)
        #expect(steps[22].windDirection == 45)
    }

    @Test func aDirectionIsNotCarriedFurtherThanItsSpeed() throws {
        var readings = fullWindow()
        for back in 0..<7 {
            readings[origin.advanced(by: -back)].windDirection = .nan
            readings[origin.advanced(by: -back)].windSpeed = .nan
        }
        let steps = try GapRule.fill(readings).window.steps
        #expect(steps[22].windDirection == 45 && steps[22].windSpeed == 2)
        #expect(steps[23].windDirection.isNaN && steps[23].windSpeed.isNaN)
    }

    @Test func smallNegativesAreCleanAir() throws {
        var readings = fullWindow()
        readings[origin].pm25 = -10
        readings[origin.advanced(by: -1)].pm25 = -0.5
        readings[origin.advanced(by: -2)].pm25 = -10.5
        let (window, basis) = try GapRule.fill(readings)
        #expect(window.steps[23].pm25 == 0 && window.steps[22].pm25 == 0 && window.steps[21].pm25.isNaN)
        #expect(basis == .partial)
    }

    @Test func aNewestHourThatIsMissingIsNoOrigin() {
        var readings = fullWindow()
        readings[origin].pm25 = .nan
        #expect {
            try GapRule.fill(readings)
        } throws: { "\($0)" == "pm25 at \(origin) did not pass quality control" }
    }

    /// A sensor that stands at 40 µg/m³ for so many hours, the thirteenth of which is the first to be flagged.
    private func standing(_ hours: Int) -> StationWindow {
        var window = StationWindow(newest: origin.advanced(by: -hours))
        for _ in 0..<hours { window.advance(Measures(pm25: 40, temperature: 3), by: .standard) }
        return window
    }

    @Test(arguments: [(12, false), (13, true), (30, true), (35, true)])
    func aSensorThatIsStuckIsForecastToStay(hours: Int, isStuck: Bool) throws {
        let window = standing(hours)
        #expect(window.isStuck == isStuck)
        let (filled, basis) = try GapRule.fill(window)
        #expect(filled.steps[23].pm25 == 40)
        #expect(basis == (isStuck ? .persistence : .partial))
    }

    @Test func aSensorThatHasBeenStuckForTheWholeWindowIsForecastNoMore() {
        #expect(standing(36).isStuck)
        #expect(throws: GapRule.Outage.self) { try GapRule.fill(standing(36)) }
    }

    @Test func aSensorThatMovesAgainIsStuckNoMore() throws {
        var window = standing(20)
        window.advance(Measures(pm25: 41), by: .standard)
        #expect(!window.isStuck)
        let (filled, basis) = try GapRule.fill(window)
        #expect(filled.steps[23].pm25 == 41 && filled.steps[22].pm25.isNaN && basis == .partial)
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func aFilledWindowEqualsItsDefinition(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var readings = fullWindow()
        for back in 0..<StationWindow.hours {
            if back > 0, random.next() % 4 == 0 { readings[origin.advanced(by: -back)].pm25 = .nan }
            if random.next() % 2 == 0 {
                readings[origin.advanced(by: -back)].temperature = .nan
            } else {
                readings[origin.advanced(by: -back)].temperature = Float(back)
            }
        }
        let (window, basis) = try GapRule.fill(readings)
        let pm25 = (0..<24).reversed().map { readings[origin.advanced(by: -$0)].pm25 }
        #expect(window.steps.map(\.pm25.bitPattern) == pm25.map(\.bitPattern), "seed \(seed)")
        let present = pm25.count { !$0.isNaN }
        #expect(basis == (present == 24 ? .full : present >= 3 ? .partial : .persistence), "seed \(seed)")
        // The definition: the newest value that is at most six hours old.
        let temperatures = (0..<24).reversed().map { back in
            (back...min(back + 6, StationWindow.hours - 1)).lazy.map { readings[origin.advanced(by: -$0)].temperature }
                .first { !$0.isNaN }
        }
        #expect(window.steps.map { $0.temperature.isNaN ? nil : $0.temperature } == temperatures, "seed \(seed)")
    }
}

@Suite struct ClosedGapTests {
    private let steps = (0..<24).map { reading(pm25: Float($0)) }

    @Test func aWindowWithoutGapsIsLeftAsItIs() throws {
        #expect(try closed(steps) == steps)
    }

    @Test(arguments: [(3, true), (4, false)]) func pm25IsCarriedForThreeHours(hours: Int, isFilled: Bool) throws {
        for first in [1, 9, 24 - hours] {
            var gappy = steps
            for step in first..<first + hours { gappy[step].pm25 = .nan }
            let filled = try? closed(gappy)
            #expect((filled != nil) == isFilled)
            for step in first..<first + hours where isFilled { #expect(filled?[step].pm25 == Float(first - 1)) }
        }
    }

    @Test(arguments: [(3, true), (4, false)]) func aGapAtTheBeginningTakesWhatComesAfter(hours: Int, isFilled: Bool) {
        var gappy = steps
        for step in 0..<hours { gappy[step].pm25 = .nan }
        let filled = try? closed(gappy)
        #expect((filled != nil) == isFilled)
        for step in 0..<hours where isFilled { #expect(filled?[step].pm25 == Float(hours)) }
    }

    @Test func theReasonNamesWhatIsMissing() {
        for (measure, name) in [
            (\Measures.dewPoint, "dew_point"), (\.temperature, "temperature"), (\.pressure, "pressure"),
            (\.windSpeed, "wind_speed"),
        ] {
            var gappy = steps
            gappy[7][keyPath: measure] = .nan
            #expect { try closed(gappy) } throws: { "\($0)" == "\(name) is missing in the window" }
        }
        var calm = steps
        calm[7].windDirection = .nan
        #expect((try? closed(calm)) != nil)
        var silent = steps
        for step in silent.indices { silent[step].pm25 = .nan }
        #expect { try closed(silent) } throws: { "\($0)" == "pm25 is missing in the window" }
        silent[0].pm25 = 7
        #expect { try closed(silent) } throws: {
            "\($0)" == "pm25 is missing for more than 3 hours of the window"
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func aClosedWindowEqualsItsDefinition(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var gappy = steps
        for step in gappy.indices where random.next() % 3 == 0 { gappy[step].pm25 = .nan }
        // The definition: the value of one of the three hours before, or where there is none yet, of the three after.
        let expected = gappy.indices.map { step -> Float? in
            let isEarly = gappy[...step].allSatisfy(\.pm25.isNaN)
            let near = isEarly ? Array(step...min(step + 3, 23)) : Array((max(step - 3, 0)...step).reversed())
            return near.lazy.map { gappy[$0].pm25 }.first { !$0.isNaN }
        }
        let filled = try? closed(gappy)
        #expect(
            filled?.map(\.pm25) == (expected.contains(nil) ? nil : expected.compactMap { $0 }), "seed \(seed)")
    }
}
