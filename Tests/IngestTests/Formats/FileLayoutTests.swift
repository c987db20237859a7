import Forecast
import Foundation
import TestSupport
import Testing

@testable import Ingest

@Suite struct FileLayoutTests {
    private static let header = "station,observed_at,pm25,temperature,pressure"

    @Test func columnsAreFoundByTheirNames() throws {
        let layout = csv { layout in
            for (ours, theirs) in [
                ("pm25", "pm2_5"), ("observed_at", "time"), ("station", "site"), ("wind_direction", "wd"),
            ] { layout.setColumn(ours, [theirs]) }
        }
        let file = try TemporaryFile([
            "site,time,o3,pm2_5,wd", "\"A, B\",2014-12-31T15:00Z,7,12.5,WNW", "c,2014-12-31T16:00Z,,,202.5",
        ])
        defer { withExtendedLifetime(file) {} }
        #expect(try ReadingFile(file.path, layout: layout).ignoredColumns == ["o3"])
        let (readings, rejected, _) = try rows(of: file.path, layout)
        #expect(rejected.isEmpty)
        #expect(readings.map(\.station) == ["A, B", "c"])
        #expect(readings.map(\.measures.windDirection) == [292.5, 202.5])
        #expect(readings[0].measures.pm25 == 12.5)
        #expect(readings[1].measures.pm25.isNaN)
    }

    @Test func theTwoMicroSignsAreOne() throws {
        let layout = csv { $0.setColumn("pm25", ["PM2.5 (\u{B5}g/m³)"]) }
        let (readings, _, _) = try rows(
            [" Station ,OBSERVED_AT,pm2.5  (\u{3BC}g/m3)", "a,2014-12-31T15:00Z,7"], layout)
        #expect(readings.map(\.measures.pm25) == [7])
    }

    @Test func unitsAreReadFromNamesAndCells() throws {
        let layout = csv { layout in
            layout.station = "a"
            for (ours, theirs) in [("temperature", "Temp - °F"), ("pressure", "p_kPa"), ("wind_speed", "Wind (km/h)")] {
                layout.setColumn(ours, [theirs])
            }
        }
        let (readings, _, _) = try rows(
            ["observed_at,pm25,Temp - °F,p_kPa,Wind (km/h)", "2014-12-31T15:00Z,0.0125 mg/m³,50,101.3,36"], layout)
        let measures = try #require(readings.first).measures
        let values = [measures.pm25, measures.temperature, measures.pressure, measures.windSpeed]
        #expect(values == [12.5, 10, 1013, 10])
    }

    @Test func aWhollyEmptyColumnSaysNothing() throws {
        let file = try TemporaryFile([Self.header, "a,2014-12-31T15:00Z,7,,", "a,2014-12-31T16:00Z,7,NA,-"])
        defer { withExtendedLifetime(file) {} }
        #expect(try ReadingFile(file.path, layout: csv()).read().measures == [.pm25])
    }

    /// Files that would be stored wrong, and the option that the refusal must name.
    @Test(arguments: [
        (["a,2014-12-31 15:00,7,5,1000"], "--time-zone"),
        (
            ["a,2014-12-31T15:10Z,7,5,1000", "a,2014-12-31T15:20Z,7,5,1000", "a,2014-12-31T15:30Z,7,5,1000"],
            "--step 10min"
        ),
        (["a,2014-12-31T15:00Z,7,5,1000", "a,2014-12-31T15:00Z,8,5,1000"], "--repeats mean"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,7,\($0 + 40),1000" }, "--units temperature=F"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,7,\($0 + 270),1000" }, "--units temperature=K"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,0.0\($0),5,1000" }, "--units pm25=mg/m3"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,7,5,1000\($0)" }, "--units pressure=Pa"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,7,5,7\($0 + 40)" }, "--units pressure=mmHg"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,7,5,29.\($0)" }, "--units pressure=inHg"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,7,5,101.\($0)" }, "--units pressure=kPa"),
        ((10...19).map { "a,2014-12-31T\($0):00Z,\"7,\($0)\",\"5,1\",\"1000,1\"" }, "--decimal ,"),
    ])
    func whatWouldBeStoredWrongIsRefusedWithTheOptionThatResolvesIt(_ lines: [String], _ option: String) throws {
        let error = #expect(throws: SourceError.self) { try rows([Self.header] + lines, csv()) }
        #expect(error?.message.contains(option) == true, "\(String(describing: error))")
    }

    @Test func halfHoursAreNoStraysAndTheStepIsSuggested() throws {
        let lines = (10...15).flatMap { ["a,2014-12-31T\($0):00Z,7,5,1000", "a,2014-12-31T\($0):30Z,9,5,1000"] }
        for lines in [lines, lines.reversed(), [lines[3], lines[0], lines[9], lines[6], lines[1]]] {
            let error = #expect(throws: SourceError.self) { try rows([Self.header] + lines, csv()) }
            #expect(error?.message.contains("--step 30min") == true, "\(String(describing: error))")
        }
        let (readings, rejected, _) = try rows([Self.header] + lines.prefix(2) + [lines[2]], csv())
        #expect(readings.count == 2 && rejected.map(\.line) == [3])
    }

    @Test func aStepThatIsLongerThanTheRowsAreApartIsRefused() throws {
        let lines = (10...59).map { "a,2014-12-31T15:\($0)Z,7,5,1000" }
        let error = #expect(throws: SourceError.self) { try rows([Self.header] + lines, csv { $0.step = 600 }) }
        #expect(error?.message.contains("--step 10.0 min") == true, "\(String(describing: error))")
    }

    @Test func whatDoesNotFitTheFileIsOneClearLine() throws {
        let lines = ["station,observed_at,pm2_5", "a,2014-12-31T15:00Z,1"]
        let cases: [(names: [String: String], station: String?, message: String)] = [
            ([:], nil, "no column for any measure"),
            (["pm25": "dust"], nil, "no column 'dust' in the header; it has station, observed_at, pm2_5"),
            (["observed_at": "time", "pm25": "pm2_5"], nil, "no column 'time'"),
            (["station": "site", "pm25": "pm2_5"], nil, "no column 'site'"),
            (["pm25": "pm2_5"], "b", "leave --station out"),
        ]
        for item in cases {
            let layout = csv { layout in
                for (ours, theirs) in item.names { layout.setColumn(ours, [theirs]) }
                layout.station = item.station
            }
            let error = #expect(throws: SourceError.self) { try rows(lines, layout) }
            #expect(error?.message.contains(item.message) == true, "\(String(describing: error))")
        }
        #expect(throws: SourceError.self) { try rows(["observed_at,pm25"], csv()) }
        #expect(throws: SourceError.self) { try rows(lines, csv { $0.encoding = "klingon" }) }
    }

    @Test func namesThatAreNoTextAreRejected() throws {
        let file = try TemporaryFile(
            Array("station,observed_at,pm25\n".utf8) + [0xFF]
                + Array(",2014-12-31T15:00Z,1\n,2014-12-31T15:00Z,1\na\0b,2014-12-31T15:00Z,1".utf8))
        defer { withExtendedLifetime(file) {} }
        let (readings, rejected, _) = try rows(of: file.path, csv())
        #expect(readings.isEmpty)
        #expect(rejected.map(\.line) == [2, 3, 4])
    }

    @Test func textIsReadInItsEncoding() throws {
        let lines = "station,observed_at,pm25\nKøbenhavn,2014-12-31T15:00Z,7\n"
        let wide = Array(lines.utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let latin = lines.unicodeScalars.map { UInt8($0.value) }
        for (bytes, encoding) in [([0xFF, 0xFE] + wide, nil), (wide, "utf-16le"), (latin, "latin-1")] {
            let file = try TemporaryFile(bytes)
            let (readings, _, _) = try withExtendedLifetime(file) {
                try rows(of: file.path, csv { $0.encoding = encoding })
            }
            #expect(readings.map(\.station) == ["København"])
        }
        let file = try TemporaryFile(Array("station,observed_at,pm25\n".utf8) + [0x81, 0x20])
        let error = withExtendedLifetime(file) {
            #expect(throws: SourceError.self) { try rows(of: file.path, csv { $0.encoding = "big5" }) }
        }
        #expect(error?.message.contains("byte 26 is no text in big5") == true, "\(String(describing: error))")
    }
}
