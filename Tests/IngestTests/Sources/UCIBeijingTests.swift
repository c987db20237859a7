import Forecast
import Testing

@testable import Ingest

@Suite struct UCIBeijingTests {
    @Test func aRowBecomesAReadingInUTC() throws {
        let (readings, rejected) = try rows([beijingHeader, "1,2010,1,2,0,129,-16,-4,1020,SE,1.79,0,0"], beijing)
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
        let (readings, rejected) = try rows(
            [beijingHeader, "1,2010,1,2,0,,NA,-4,,cv,NA,0,0", "2,2010,1,2,1,NA,1,2,3,,,0,0"], beijing)
        #expect(rejected.isEmpty)
        #expect(readings.count == 2)
        for (reading, missing) in zip(readings, [[0, 1, 3, 4, 5], [0, 4, 5]]) {
            let isMissing = MeasureColumn.allCases.map { reading.measures[$0].isNaN }
            #expect(isMissing.indices.filter { isMissing[$0] } == missing)
        }
    }

    @Test func rowsThatCannotBeReadingsAreRejectedWithTheirLines() throws {
        let good = "1,2010,1,2,0,129,-16,-4,1020,SE,1.79,0,0"
        let bad: [(row: String, reason: String)] = [
            ("2,2010,2,30,0,1,2,3,4,NE,1,0,0", "there is no hour 0 on 2010-2-30"),
            ("3,2010,1,2,24,1,2,3,4,NE,1,0,0", "there is no hour 24 on 2010-1-2"),
            ("4,2010,1,2,3.5,1,2,3,4,NE,1,0,0", "hour: '3.5' is not a whole number"),
            ("5,,1,2,3,1,2,3,4,NE,1,0,0", "year: '' is not a whole number"),
            ("6,2010,1,2,3,1,2,3,4,NE,1,0", "12 columns where the header has 13"),
            ("7,2010,1,2,3,1,2,3,4,NE,1,0,0,0", "14 columns where the header has 13"),
            ("8,2010,1,2,3,high,2,3,4,NE,1,0,0", "pm2.5: 'high' is not a number"),
            ("9,2010,1,2,3,nan,2,3,4,NE,1,0,0", "pm2.5: 'nan' is not a number"),
            ("10,2010,1,2,3,1,inf,3,4,NE,1,0,0", "DEWP: 'inf' is not a number"),
            ("11,2010,1,2,3,1,2,0x1p3,4,NE,1,0,0", "TEMP: '0x1p3' is not a number"),
            ("12,2010,1,2,3,1,2,3,1e39,NE,1,0,0", "PRES: '1e39' does not fit a 32-bit number"),
            ("13,2010,1,2,3,1,2,3,4,NE,-1e39,0,0", "Iws: '-1e39' does not fit a 32-bit number"),
            ("14,2010,1,2,3,1,2,3,4,XX,1,0,0", "cbwd: 'XX' is not a compass point"),
            ("15,2010,1,2,3,1,2,3,4,NE,--1,0,0", "Iws: '--1' is not a number"),
            ("16,2010,1,2,3,1,\u{1B}[31m,3,4,NE,1,0,0", "DEWP: '\u{FFFD}[31m' is not a number"),
            ("17,2010,1,2,3,\"1\"1,2,3,4,NE,1,0,0", "text follows a closing quote"),
        ]
        let (readings, rejected) = try rows([beijingHeader, good] + bad.map(\.row) + [good], beijing)
        #expect(readings.count == 2)
        #expect(rejected.map(\.reason) == bad.map(\.reason))
        #expect(rejected.map(\.line) == Array(3..<(3 + bad.count)))
    }

    @Test func aWrongHeaderNamesTheColumnThatIsNotThere() throws {
        let error = #expect(throws: SourceError.self) {
            try rows([beijingHeader.replacing("Iws", with: "Lws")], beijing)
        }
        #expect(error?.code == .header)
        #expect(error?.message.contains("no column 'Iws'") == true)
        #expect(throws: SourceError.self) { try rows([], beijing) }
        #expect(throws: SourceError.self) { try rows([beijingHeader + ",Ir"], beijing) }
        #expect(throws: SourceError.self) { try ReadingFile("/no/such/file", format: beijing) }
        #expect(throws: SourceError.self) { try ReadingFile("/", format: beijing) }
    }

    @Test(.enabled(if: RealData.directory != nil))
    func theRealFileIsReadWhole() throws {
        let (series, rejected) = try HourlySeries.reading(
            RealData.path("beijing-pm25-2010-2014.csv"), format: beijing)
        #expect(rejected.isEmpty)
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
