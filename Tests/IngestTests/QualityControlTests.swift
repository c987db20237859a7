import Forecast
import Testing

@testable import Ingest

@Suite struct QualityControlTests {
    private func flags(_ measures: inout Measures, present: UInt8 = 0b11_1111) -> [String] {
        var flags: [String] = []
        QualityControl.judge(&measures, present: present, by: .standard) { flags.append("\($0) \($1.rawValue)") }
        return flags
    }

    private let good = Measures(
        pm25: 10, dewPoint: -5, temperature: 3, pressure: 1020, windDirection: 45, windSpeed: 2)

    @Test func goodValuesPass() {
        var measures = good
        #expect(flags(&measures).isEmpty)
        #expect(measures == good)
    }

    @Test(arguments: [
        (Float(-10.5), "pm25 negative"), (-999, "pm25 negative"), (10_000_000, "pm25 out_of_range"),
        (.nan, "pm25 not_finite"),
        (.infinity, "pm25 not_finite"),
    ])
    func absurdPM25IsFlaggedAndMissing(value: Float, flag: String) {
        var measures = good
        measures.pm25 = value
        #expect(flags(&measures) == [flag])
        #expect(measures.pm25.isNaN)
        #expect(measures.temperature == 3)
    }

    @Test(arguments: [Float(-10), -0.1, 0, 4_999.5]) func anInstrumentsNoiseAroundCleanAirPasses(value: Float) {
        var measures = good
        measures.pm25 = value
        #expect(flags(&measures).isEmpty && measures.pm25 == value)
    }

    @Test func aNullIsMissingButNotFlagged() {
        var measures = good
        measures.pm25 = .nan
        #expect(flags(&measures, present: 0b11_1110).isEmpty)
    }

    @Test func aBadDirectionIsNotTakenForCalm() {
        var measures = good
        measures.windDirection = 999
        #expect(flags(&measures) == ["wind_direction out_of_range"])
        #expect(measures.windSpeed.isNaN)
    }

    @Test func hoursOutsideTheEraAreFlagged() {
        let now = UTCHour(hoursSinceEpoch: 400_000)
        #expect(QualityControl.judge(hour: now.advanced(by: 1), now: now) == nil)
        #expect(QualityControl.judge(hour: now.advanced(by: 2), now: now) == .future)
        #expect(QualityControl.judge(hour: UTCHour(hoursSinceEpoch: 0), now: now) == .before2000)
    }
}
