import Forecast
import Testing

@testable import Ingest

@Suite struct WindowDigestTests {
    private func window(changing change: (inout [Measures]) -> Void = { _ in }) -> Window {
        var steps = (0..<24).map { hour in
            Measures(
                pm25: Float(hour), dewPoint: -5, temperature: 3, pressure: 1020, windDirection: .nan, windSpeed: 0)
        }
        change(&steps)
        return Window(origin: UTCHour(hoursSinceEpoch: 400_000), steps: steps)
    }

    /// The digest stands in ledgers: a change of its definition would issue a revision of every station's forecast.
    @Test func theDigestIsWhatItAlwaysWas() {
        #expect(window().digest == 3720112956726518230)
    }

    @Test func everyValueCounts() {
        let measures: [WritableKeyPath<Measures, Float>] = [
            \.pm25, \.dewPoint, \.temperature, \.pressure, \.windDirection, \.windSpeed,
        ]
        var digests: Set<Int64> = [window().digest]
        for step in 0..<24 {
            for measure in measures { digests.insert(window { $0[step][keyPath: measure] = 77 }.digest) }
        }
        #expect(digests.count == 1 + 24 * 6)
    }

    @Test func otherNotationsOfTheSameValueDoNot() {
        #expect(window { $0[3].windSpeed = -0.0 }.digest == window().digest)
        #expect(window { $0[3].windDirection = -.nan }.digest == window().digest)
    }
}
