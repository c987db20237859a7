import Forecast
import Testing

@testable import Ingest

@Suite struct UCIBeijingTests {
    @Test func aRowBecomesAReadingInUTC() throws {
        let (readings, rejected, _) = try rows(
            [beijingHeader, "1,2010,1,2,0,129,-16,-4,1020,SE,1.79,0,0"], layout("uci-beijing"))
        let reading = try #require(readings.first)
        #expect(rejected.isEmpty)
        #expect(reading.station == "Beijing")
        #expect(reading.hour.description == "2010-01-01T16:00Z")
        #expect(
            reading.measures
                == Measures(
                    pm25: 129, dewPoint: -16, temperature: -4, pressure: 1020, windDirection: 135, windSpeed: 1.79))
    }

    @Test func emptyAndNAAreMissing() throws {
        let (readings, rejected, _) = try rows(
            [beijingHeader, "1,2010,1,2,0,,NA,-4,,cv,NA,0,0", "2,2010,1,2,1,NA,1,2,3,,,0,0"], layout("uci-beijing"))
        #expect(rejected.isEmpty)
        #expect(readings.count == 2)
        for (reading, missing) in zip(readings, [[0, 1, 3, 4, 5], [0, 4, 5]]) {
            let isMissing = MeasureColumn.allCases.map { reading.measures[$0].isNaN }
            #expect(isMissing.indices.filter { isMissing[$0] } == missing)
        }
    }

    @Test func rowsWithoutATimeAreRejectedAndBadValuesLostWithTheirLines() throws {
        let good = "1,2010,1,2,0,129,-16,-4,1020,SE,1.79,0,0"
        let noTime = "is not a date and time of the format"
        let bad: [(row: String, reason: String)] = [
            ("2,2010,2,30,0,1,2,3,1004,NE,1,0,0", "observed_at: '2010 2 30 0' \(noTime)"),
            ("4,2010,1,2,3.5,1,2,3,1004,NE,1,0,0", "observed_at: '2010 1 2 3.5' \(noTime)"),
            ("5,,1,2,3,1,2,3,1004,NE,1,0,0", "observed_at: '1 2 3' \(noTime)"),
            ("6,2010,1,2,3,1,2,3,1004,NE,1,0", "12 columns where the header has 13"),
            ("7,2010,1,2,3,1,2,3,1004,NE,1,0,0,0", "14 columns where the header has 13"),
            ("17,2010,1,2,3,\"1\"1,2,3,1004,NE,1,0,0", "text follows a closing quote"),
        ]
        let lost = [
            "8,2010,1,2,3,high,2,3,1004,NE,1,0,0", "10,2010,1,2,4,1,inf,3,1004,NE,1,0,0",
            "11,2010,1,2,5,1,2,0x1p3,1004,NE,1,0,0",
            "12,2010,1,2,6,1,2,3,1e39,NE,1,0,0", "14,2010,1,2,7,1,2,3,1004,XX,1,0,0",
            "15,2010,1,2,8,1,2,3,1004,NE,--1,0,0",
            "16,2010,1,2,9,1,\u{1B}[31m,3,1004,NE,1,0,0",
        ]
        let (readings, rejected, report) = try rows(
            [beijingHeader, good] + bad.map(\.row) + lost, layout("uci-beijing"))
        #expect(readings.count == 1 + lost.count)
        #expect(rejected.map(\.reason) == bad.map(\.reason))
        #expect(rejected.map(\.line) == Array(3..<(3 + bad.count)))
        #expect(report.lostValues == lost.count)
        #expect(report.lost["dew_point is not a finite number"]?.count == 2)
        #expect(report.lost["dew_point is not a finite number"]?.text == "'inf'")
        #expect(report.lost["pressure is not a finite number"]?.line == 12)
    }

    @Test func aWrongHeaderNamesTheColumnThatIsNotThere() throws {
        let error = #expect(throws: SourceError.self) {
            try rows([beijingHeader.replacing("Iws", with: "Lws")], layout("uci-beijing"))
        }
        #expect(error?.code == .header)
        #expect(error?.message.contains("no column 'Iws'") == true)
        #expect(throws: SourceError.self) { try rows([], layout("uci-beijing")) }
        #expect(throws: SourceError.self) { try rows([beijingHeader + ",Iws"], layout("uci-beijing")) }
        #expect(throws: SourceError.self) { try ReadingFile("/no/such/file", layout: layout("uci-beijing")) }
        #expect(throws: SourceError.self) { try ReadingFile("/", layout: layout("uci-beijing")) }
    }

    @Test(.enabled(if: RealData.hasBeijing))
    func theRealFileIsReadWhole() throws {
        let (series, report) = try HourlySeries.reading(
            RealData.path("beijing-pm25-2010-2014.csv"), as: .named("uci-beijing"))
        #expect(report.rejected == 0 && report.lost.isEmpty)
        #expect(series.measures.count == 43_824)
        #expect(series.start.description == "2009-12-31T16:00Z")
        #expect(series.measures.count { $0.pm25.isNaN } == 2067)
        #expect(series.measures.allSatisfy { [45, 135, 315].contains($0.windDirection) || $0.windDirection.isNaN })
        #expect(series.measures.count { $0.windDirection.isNaN } == 9387)
        // The strongest hour of the file, and no hour without a speed: it has neither a gap nor a sum that falls.
        #expect(series.measures.allSatisfy { (0.4...20.13).contains($0.windSpeed) })
        #expect(series[UTCHour(hoursSinceEpoch: series.start.hoursSinceEpoch + 1)].windSpeed == 3.13)
    }
}
