import Forecast
import Foundation
import TestSupport
import Testing

@testable import Ingest

private let first = UTCHour(hoursSinceEpoch: 400_000)

/// An hour unlike its neighbours in everything but what a test is about.
private func hour(_ pm25: Float, _ place: Int) -> Measures {
    Measures(
        pm25: pm25, dewPoint: -5, temperature: Float(place % 20), pressure: 1020, windDirection: 45, windSpeed: 2)
}

private func flags(_ hours: [Measures], by rules: QualityRules = .standard) -> [String] {
    var series = HourlySeries(start: first, measures: hours)
    var flags: [String] = []
    series.judge(by: rules) { flags.append("\(first.distance(to: $0)) \($1.rawValue)") }
    return flags
}

extension StationWindow {
    /// All that the gap rule sees of it, bit for bit.
    fileprivate var seen: [UInt32] {
        (0..<StationWindow.hours).flatMap { back in
            let hour = self[newest.advanced(by: -back)]
            return MeasureColumn.allCases.map { hour[$0].isNaN ? Float.nan.bitPattern : hour[$0].bitPattern }
        }
    }
}

@Suite struct ContinuityTests {
    /// (µg/m³, hours with that value, of which flagged): at, just below and just above the defaults.
    @Test(arguments: [
        (Float(40), 12, 0), (40, 13, 1), (40, 14, 2), (5.001, 13, 1), (5, 13, 0), (5, 24, 0), (5, 25, 1), (0, 26, 2),
    ])
    func pm25ThatStaysTheSameTooLongIsStuck(value: Float, hours: Int, flagged: Int) {
        let readings = [hour(9, 0)] + (1...hours).map { hour(value, $0) } + [hour(9, 0)]
        #expect(flags(readings) == ((hours - flagged + 1)..<(hours + 1)).map { "\($0) stuck" })
    }

    @Test func aMissingHourEndsARun() {
        var readings = (0..<20).map { hour(40, $0) }
        readings[10] = Measures()
        #expect(flags(readings).isEmpty)
    }

    /// (before, at, after, whether it is a spike): by more than 300 µg/m³ and more than three times the higher neighbour.
    @Test(arguments: [
        (Float(20), Float(320), Float(10), false), (20, 320.1, 10, true), (10, 320.1, 20, true), (20, 900, 700, false),
        (200, 600, 200, false), (200, 600.1, 200, true), (.nan, 900, 10, false), (10, 900, .nan, false),
        (225, 994, 980, false), (900, 10, 900, false),
    ])
    func anHourFarAboveBothNeighboursIsASpike(before: Float, at: Float, after: Float, isSpike: Bool) {
        #expect(flags([hour(before, 0), hour(at, 1), hour(after, 2)]) == (isSpike ? ["1 spike"] : []))
    }

    @Test func theNewestHourIsNoSpikeYet() {
        #expect(flags([hour(10, 0), hour(900, 1)]).isEmpty)
    }

    @Test(arguments: [(3, []), (4, ["3 duplicate"]), (5, ["3 duplicate", "4 duplicate"])])
    func aRecordSentUnderNewHoursIsADuplicate(records: Int, expected: [String]) {
        #expect(flags(Array(repeating: hour(40, 1), count: records)) == expected)
    }

    @Test func aDuplicateNeedsMeasuresToTell() {
        let thin = Measures(pm25: 40, temperature: 3, pressure: 1020)
        #expect(flags(Array(repeating: thin, count: 6)).isEmpty)
        let calm = Measures(pm25: 40, dewPoint: 1, temperature: 3, pressure: 1020)
        #expect(flags(Array(repeating: calm, count: 4)) == ["3 duplicate"])
    }

    @Test func aRuleThatIsSwitchedOffFlagsNothing() {
        var rules = QualityRules.standard
        (rules.stuck, rules.spike, rules.duplicate) = (nil, nil, nil)
        #expect(flags([hour(1, 0), hour(900, 1)] + Array(repeating: hour(1, 1), count: 40), by: rules).isEmpty)
        #expect(rules.lookBack == 0)
    }

    /// A window that was advanced hour by hour is the one that begins `lookBack` hours before its first, in everything
    /// that can be seen and in everything that it will say of hours to come.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func advancingInPlaceIsLoading(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let rules = QualityRules.standard
        var hours: [Measures] = []
        var advanced = StationWindow(newest: first.advanced(by: -1))
        for place in 0..<200 {
            var next = hour([0, 3, 7, 40, 40.5, 900].randomElement(using: &random) ?? 0, place)
            if let last = hours.last, Int.random(in: 0..<20, using: &random) > 0 {
                next = Int.random(in: 0..<3, using: &random) == 0 ? last : hour(last.pm25, place)
            }
            if Int.random(in: 0..<40, using: &random) == 0 { next.pm25 = .nan }
            hours.append(next)
            advanced.advance(next, by: rules)
            let span = StationWindow.hours + rules.lookBack
            guard hours.count >= span else { continue }
            var loaded = StationWindow(newest: advanced.newest.advanced(by: -span))
            for measures in hours.suffix(span) { loaded.advance(measures, by: rules) }
            #expect(loaded.seen == advanced.seen, "seed \(seed), hour \(place)")
            var ahead = advanced
            for _ in 0..<rules.lookBack {
                loaded.advance(next, by: rules)
                ahead.advance(next, by: rules)
            }
            #expect(loaded.seen == ahead.seen, "seed \(seed), ahead of hour \(place)")
        }
    }
}

/// What the rules say of real readings, those before 2014: next to nothing.
@Suite(.enabled(if: dataDirectory != nil, "needs HAZECAST_DATA_DIR")) struct QualityOfRealReadingsTests {
    private func flags(_ file: String, _ format: String) throws -> (readings: Int, flags: [String: Int]) {
        let path = try requireDataDirectory().appending(path: file).path
        var series = try HourlySeries.reading(path, as: .named(format)).series
        let end = try #require(UTCHour(year: 2014, month: 1, day: 1, hour: 0))
        series = HourlySeries(start: series.start, measures: (series.start..<end).map { series[$0] })
        let readings = series.measures.count { !$0.pm25.isNaN }
        var flags: [String: Int] = [:]
        series.judge(by: .standard) { flags[$1.rawValue, default: 0] += 1 }
        return (readings, flags)
    }

    @Test func fourYearsOfBeijingAreNotFlagged() throws {
        let (readings, flags) = try flags("beijing-pm25-2010-2014.csv", "uci-beijing")
        #expect(readings > 33_000)
        #expect(flags.isEmpty)
    }

    @Test(arguments: [
        ("Aotizhongxin", [:]), ("Changping", [:]), ("Dingling", [:]), ("Dongsi", [:]), ("Guanyuan", [:]),
        ("Gucheng", ["spike": 1]),
    ])
    func otherStationsOfBeijingNextToNever(station: String, expected: [String: Int]) throws {
        let (readings, flags) = try flags(
            "beijing-multisite/PRSA_Data_\(station)_20130301-20170228.csv", "uci-multisite")
        #expect(readings > 7_000)
        #expect(flags == expected)
    }
}
