import Forecast
import Testing

@testable import Ingest

@Suite struct UCIMultisiteTests {
    private let header =
        "\"No\",\"year\",\"month\",\"day\",\"hour\",\"PM2.5\",\"PM10\",\"SO2\",\"NO2\",\"CO\",\"O3\",\"TEMP\",\"PRES\",\"DEWP\",\"RAIN\",\"wd\",\"WSPM\",\"station\""

    @Test func aRowBecomesAReadingOfItsStation() throws {
        let (readings, rejected, _) = try rows(
            [
                header, "1,2013,3,1,0,4,4,4,7,300,77,-0.7,1023,-18.8,0,\"NNW\",4.4,\"Aotizhongxin\"",
                "2,2013,3,1,1,NA,4,4,7,300,77,-0.7,1023,-18.8,0,NA,NA,\"Dongsi\"",
                "3,2013,3,1,1,4,4,4,7,300,77,-0.7,1023,-18.8,0,\"cv\",4,NA",
            ], layout("uci-multisite"))
        #expect(rejected == [RejectedRow(line: 4, reason: "the station is missing")])
        #expect(readings.map(\.station) == ["Aotizhongxin", "Dongsi"])
        #expect(readings.map(\.hour.description) == ["2013-02-28T16:00Z", "2013-02-28T17:00Z"])
        #expect(
            readings[0].measures
                == Measures(
                    pm25: 4, dewPoint: -18.8, temperature: -0.7, pressure: 1023, windDirection: 337.5, windSpeed: 4.4))
        #expect(readings[1].measures.windSpeed.isNaN)
    }

    @Test func sixteenPointsInStepsOf22Point5() {
        let words = [
            "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "nnw",
        ]
        for (index, word) in words.enumerated() {
            #expect(Wind(word: Array(word.utf8)[...]) == .from(degrees: Float(index) * 22.5))
        }
        #expect(Wind(word: Array("cv".utf8)[...]) == .variable)
        #expect(Wind(word: Array("NNN".utf8)[...]) == nil)
    }

    @Test(.enabled(if: RealData.hasMultisite), arguments: ["Aotizhongxin", "Gucheng"])
    func theRealFilesAreReadWhole(station: String) throws {
        let path = try RealData.path("beijing-multisite/PRSA_Data_\(station)_20130301-20170228.csv")
        let (readings, rejected, _) = try rows(of: path, layout("uci-multisite"))
        #expect(rejected.isEmpty)
        #expect(readings.count == 35_064)
        #expect(readings.allSatisfy { $0.station == station })
        #expect((600...930).contains(readings.count { $0.measures.pm25.isNaN }))
        #expect(readings.count { $0.measures.windDirection.isNaN } == (station == "Gucheng" ? 159 : 81))
    }
}
