import Forecast
import Testing

@testable import Ingest

@Suite struct SimulatedReadingsTests {
    private let hours = UTCHour(hoursSinceEpoch: 400_000)..<UTCHour(hoursSinceEpoch: 400_000 + 2000)

    private func readings(stations: Int, seed: UInt64 = 1) -> [ParsedReading] {
        Array(SimulatedReadings(stations: stations, hours: hours, seed: seed))
    }

    /// NaN is equal to itself here.
    private func text(_ readings: [ParsedReading]) -> [String] { readings.map { "\($0)" } }

    @Test func theSameSeedGivesTheSameReadings() {
        #expect(text(readings(stations: 3)) == text(readings(stations: 3)))
        #expect(text(readings(stations: 3)) != text(readings(stations: 3, seed: 2)))
    }

    @Test func aStationDoesNotDependOnHowManyThereAre() {
        let alone = readings(stations: 1)
        #expect(text(readings(stations: 5).filter { $0.station == "sim-0001" }) == text(alone))
    }

    @Test func readingsAreInOrderAndOneAnHour() {
        let readings = readings(stations: 12)
        #expect(Set(readings.map(\.station)).count == 12)
        #expect(zip(readings, readings.dropFirst()).allSatisfy { ($0.hour, $0.station) < ($1.hour, $1.station) })
        #expect(readings.allSatisfy { hours.contains($0.hour) })
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func valuesArePlausible(seed: UInt64) throws {
        let readings = readings(stations: 4, seed: seed)
        for reading in readings {
            let present = UInt8(
                MeasureColumn.allCases.enumerated().reduce(0) { bits, item in
                    bits | (reading.measures[item.element].isNaN ? 0 : 1 << item.offset)
                })
            #expect(
                QualityControl.passes(reading.measures, present: present, by: .standard), "seed \(seed): \(reading)")
        }
        let silent = 1 - Double(readings.count) / 8000
        #expect((0.0005...0.03).contains(silent), "seed \(seed): \(silent)")

        let station = readings.filter { $0.station == "sim-0001" }
        let known = station.filter { !$0.measures.pm25.isNaN }
        #expect(known.count < station.count)
        // As in the Beijing series, an hour says a lot about the next, and far less about the day after.
        let series = try #require(HourlySeries(rows: station.map { ($0.hour, $0.measures) }))
        let (next, day) = (correlation(series, lag: 1), correlation(series, lag: 48))
        #expect(next > 0.85, "seed \(seed): \(next)")
        #expect(day < next - 0.2, "seed \(seed): \(day)")
    }

    private func correlation(_ series: HourlySeries, lag: Int) -> Double {
        let pairs = zip(series.measures, series.measures.dropFirst(lag))
            .map { (Double($0.pm25), Double($1.pm25)) }
            .filter { !$0.0.isNaN && !$0.1.isNaN }
        let count = Double(pairs.count)
        let (x, y) = (pairs.reduce(0) { $0 + $1.0 } / count, pairs.reduce(0) { $0 + $1.1 } / count)
        let covariance = pairs.reduce(0) { $0 + ($1.0 - x) * ($1.1 - y) }
        let variances = (
            pairs.reduce(0) { $0 + ($1.0 - x) * ($1.0 - x) }, pairs.reduce(0) { $0 + ($1.1 - y) * ($1.1 - y) }
        )
        return covariance / (variances.0 * variances.1).squareRoot()
    }
}
