import Forecast
import Testing

@testable import Ingest

@Suite struct NamedColumnsTests {
    @Test func columnsAreFoundByTheirNames() throws {
        let format = try SourceFormat.csv(
            NamedColumns(names: ["pm25": "pm2_5", "observed_at": "time", "station": "site", "wind_direction": "wd"]))
        let file = try TemporaryFile([
            "site,time,o3,pm2_5,wd", "\"A, B\",2014-12-31T15:00Z,7,12.5,WNW", "c,2014-12-31T16:00Z,,,202.5",
        ])
        defer { withExtendedLifetime(file) {} }
        let opened = try ReadingFile(file.path, format: format)
        #expect(opened.measures == [.pm25, .windDirection])
        #expect(opened.ignoredColumns == ["o3"])
        let (readings, rejected) = try rows(of: file.path, format)
        #expect(rejected.isEmpty)
        #expect(readings.map(\.station) == ["A, B", "c"])
        #expect(readings.map(\.measures.windDirection) == [292.5, 202.5])
        #expect(readings[0].measures.pm25 == 12.5)
        #expect(readings[1].measures.pm25.isNaN)
    }

    @Test func aFileOfOneStationGetsItsNameFromTheOptions() throws {
        let format = try SourceFormat.csv(NamedColumns(station: "roof", clock: #require(LocalClock("+01:00"))))
        let (readings, _) = try rows(["observed_at,temperature,wind_direction", "2014-12-31 15:00,-3,calm"], format)
        #expect(readings.map(\.station) == ["roof"])
        #expect(readings.map(\.hour.description) == ["2014-12-31T14:00Z"])
        #expect(readings[0].measures.windDirection.isNaN)
    }

    @Test func whatDoesNotFitTheFileIsOneClearLine() throws {
        let header = ["station,observed_at,pm2_5", "a,2014-12-31T15:00Z,1"]
        let cases: [(names: [String: String], station: String?, message: String)] = [
            ([:], nil, "no column for any measure"),
            (["pm25": "dust"], nil, "no column 'dust' in the header; it has station, observed_at, pm2_5"),
            (["observed_at": "time", "pm25": "pm2_5"], nil, "no column 'time'"),
            (["station": "site", "pm25": "pm2_5"], nil, "no column 'site'"),
            (["pm25": "pm2_5"], "b", "leave --station out"),
        ]
        for item in cases {
            let error = #expect(throws: SourceError.self) {
                try rows(header, .csv(NamedColumns(station: item.station, names: item.names)))
            }
            #expect(error?.message.contains(item.message) == true, "\(String(describing: error))")
        }
        #expect(throws: SourceError.self) { try NamedColumns(names: ["pm10": "x"]) }
        #expect(throws: SourceError.self) { try rows(["observed_at,pm25"], .csv(NamedColumns())) }
    }

    @Test func namesThatAreNoTextAreRejected() throws {
        let file = try TemporaryFile(
            Array("station,observed_at,pm25\n".utf8) + [0xFF]
                + Array(",2014-12-31T15:00Z,1\n,2014-12-31T15:00Z,1\na\0b,2014-12-31T15:00Z,1".utf8))
        defer { withExtendedLifetime(file) {} }
        let (readings, rejected) = try rows(of: file.path, .csv(NamedColumns()))
        #expect(readings.isEmpty)
        #expect(rejected.map(\.line) == [2, 3, 4])
    }
}
