import Forecast
import Foundation
import TestSupport
import Testing

@testable import Ingest

@Suite struct SeriesFilesTests {
    private static let header = "time_utc,pm25,dew_point,temperature,pressure,wind_direction,wind_speed"
    private static let multisiteHeader =
        "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"

    private func data(_ lines: String...) -> Data { Data(lines.joined(separator: "\n").utf8) }

    private func message(_ path: String, as file: SeriesFiles.File = .init()) throws -> String {
        let error = #expect(throws: SourceError.self) { try StationSeries.load(path, as: file) }
        let line = error?.description ?? ""
        #expect(!line.contains("\n"))
        return line
    }

    private func message(_ files: [String: Data]) throws -> String {
        let folder = try TemporaryFolder(files)
        return try withExtendedLifetime(folder) { try message(folder.path) }
            .replacing("\(folder.path)/", with: "").replacing(folder.path, with: "FOLDER")
    }

    @Test func anIndexNamesTheSeriesAndSaysWhereTheyAre() throws {
        let folder = try TemporaryFolder([
            "index.json": data(
                """
                [{"file": "b.csv.gz", "id": "roof", "country": "MN", "place": "ub", "latitude": 47.9, "longitude": -106.5,
                  "utc_offset_hours": 8, "hours": {"not": "read"}},
                 {"file": "a.csv", "country": null}]
                """),
            "b.csv.gz": try gzipped(
                data(Self.header, "2020-01-01T00:00:00Z,5,,-20.5,,270,3", "2020-01-01T02:00:00Z,7,,,,,")),
            "a.csv": data("observed_at,pm25", "2020-01-01T00:00Z,1", "never,2"), "README.md": data("not a series"),
            "c.csv": data("not in the index"),
        ])
        let files = try SeriesFiles(folder.path)
        let loaded = try files.load()
        #expect(files.isFolder && loaded.map(\.station.id) == ["roof", "a"])
        let roof = loaded[0].station
        #expect(roof.country == "MN" && roof.place == "ub")
        #expect(roof.series.latitude == 47.9 && roof.series.longitude == -106.5)
        #expect(roof.series.start.description == "2020-01-01T00:00Z")
        #expect(roof.series.measures.map(\.pm25.description) == ["5.0", "nan", "7.0"])
        #expect(roof.series.measures[0].temperature == -20.5 && roof.series.measures[0].windDirection == 270)
        let other = loaded[1]
        #expect(other.station.country == nil && other.station.series.latitude == nil)
        #expect(other.rejected.map(\.line) == [3] && other.file == "\(folder.path)/a.csv")
    }

    @Test func aFolderOfUCIFilesIsReadInTheOrderOfTheirNames() throws {
        let folder = try TemporaryFolder([
            "b.csv": data(beijingHeader, "1,2010,1,2,0,129,-16,-4,1020,SE,1.79,0,0"),
            "a.csv.gz": try gzipped(
                data(Self.multisiteHeader, "1,2013,3,1,0,4,4,4,7,300,77,-0.7,1023,-18.8,0,\"NNW\",4.4,\"Dongsi\"")),
            "README.md": data("not a series"),
        ])
        let stations = try StationSeries.load(folder.path + "/")
        #expect(stations.map(\.id) == ["a", "b"])
        for station in stations {
            #expect(station.country == "CN" && station.place == "Beijing")
            #expect(station.series.latitude == 39.9 && station.series.longitude == 116.4)
        }
        #expect(stations.map(\.series.start.description) == ["2013-02-28T16:00Z", "2010-01-01T16:00Z"])
    }

    @Test func aSingleFileIsReadAsImportReadsIt() throws {
        let folder = try TemporaryFolder([
            "garden.csv": data(
                "site,when,dust,wind_direction", "A,2020-06-01 02:00,12,WNW", "A,2020-06-01 03:00,NA,calm"),
            "utc.csv": data(Self.header, "2020-01-01T00:00:00Z,5,,,,,"),
            "beijing.csv": data(beijingHeader, "1,2010,1,2,0,129,-16,-4,1020,SE,1.79,0,0"),
        ])
        var file = SeriesFiles.File()
        file.layouts["csv"] = csv { layout in
            for (ours, theirs) in [("observed_at", "when"), ("pm25", "dust"), ("station", "site")] {
                layout.setColumn(ours, [theirs])
            }
            layout.timeZone = "Europe/Berlin"
        }
        file.namesColumns = true
        file.latitude = -33.9
        let garden = try #require(try StationSeries.load("\(folder.path)/garden.csv", as: file).first)
        #expect(garden.id == "garden" && garden.country == nil && garden.place == nil)
        #expect(garden.series.start.description == "2020-06-01T00:00Z")
        #expect(garden.series.measures[0].pm25 == 12 && garden.series.measures[0].windDirection == 292.5)
        #expect(garden.series.latitude == -33.9 && garden.series.longitude == nil)

        #expect(try StationSeries.load("\(folder.path)/utc.csv").first?.series.measures[0].pm25 == 5)

        // A file in UCI's layout need not be of Beijing.
        var elsewhere = SeriesFiles.File()
        elsewhere.longitude = 121.5
        let shanghai = try StationSeries.load("\(folder.path)/beijing.csv", as: elsewhere).first
        #expect(shanghai?.series.longitude == 121.5 && shanghai?.series.latitude == 39.9)
    }

    @Test(arguments: [
        ("{}", "index.json: is not a JSON array of series"),
        ("[{\"file\": \"a.csv\",]", "index.json: is not a JSON array of series"),
        ("[]", "index.json: names no series"),
        ("[7]", "index.json: series 1 is not an object"),
        ("[{\"file\": \"a.csv\"}, {\"id\": \"b\"}]", "index.json: series 2: has no \"file\""),
        ("[{\"file\": 7}]", "index.json: series 1: \"file\" is not a string"),
        ("[{\"file\": \"../a.csv\"}]", "series 1: '../a.csv' is not inside the folder"),
        ("[{\"file\": \"/etc/passwd\"}]", "series 1: '/etc/passwd' is not inside the folder"),
        ("[{\"file\": \"b.csv\"}]", "index.json: 'b.csv' is not in the folder; add the file or remove its entry"),
        ("[{\"file\": \"a.csv\", \"latitude\": 91}]", "series 1: \"latitude\" is not a number from -90 to 90"),
        ("[{\"file\": \"a.csv\", \"longitude\": \"7\"}]", "series 1: \"longitude\" is not a number from -180 to 180"),
        ("[{\"file\": \"a.csv\"}, {\"file\": \"a.csv\"}]", "index.json: 'a.csv' and 'a.csv' are both called 'a'"),
    ])
    func anIndexThatCannotBeUsedIsOneLine(_ index: String, _ expected: String) throws {
        let line = try message(["index.json": data(index), "a.csv": data(Self.header, "2020-01-01T00:00:00Z,5,,,,,")])
        #expect(line.contains(expected), "\(line)")
    }

    @Test func aFileThatCannotBeUsedIsOneLineWithItsName() throws {
        let index = data("[{\"file\": \"a.csv\"}]")
        let inFolder: [(files: [String: Data], expected: String)] = [
            (["a.csv": data(Self.header, "2020-01-01T00:00:00Z,5,,,,,")], "a.csv: its header is neither that of UCI's"),
            (["README.md": data("")], "FOLDER: the folder has neither an index.json nor a .csv or .csv.gz file"),
            (
                ["a.csv": data(beijingHeader), "a.csv.gz": data("")],
                "FOLDER: 'a.csv' and 'a.csv.gz' are both called 'a'"
            ),
            (["index.json": index, "a.csv": data(Self.header)], "a.csv: holds no reading"),
            (
                ["index.json": index, "a.csv": data(Self.header, "2020-01-01T00:00:00Z,,,1,,,")],
                "a.csv: holds no PM2.5 value"
            ),
            (
                ["index.json": index, "a.csv": data("time_utc,pressure", "2020-01-01T00:00Z,1")],
                "a.csv: no column pm25"
            ),
            (["index.json": index, "a.csv": data("when,pm25")], "a.csv: no column 'observed_at' in the header"),
            (
                ["index.json": index, "a.csv": data(Self.header, "x,5,,,,,", "2020-01-01T00:00:00Z,5")],
                "a.csv: holds no reading: all 2 rows left out, the first on line 2: observed_at: 'x' is not a date"
            ),
            (
                ["index.json": index, "a.csv": try gzipped(data(Self.header)).prefix(30)],
                "a.csv: the gzip file is cut off"
            ),
        ]
        for (files, expected) in inFolder {
            let line = try message(files)
            #expect(line.hasPrefix(expected), "\(line)")
        }
        let folder = try TemporaryFolder(["a.csv": data("when,dust", "2020-01-01T00:00Z,1")])
        let unnamed = try message("\(folder.path)/a.csv")
        #expect(unnamed.contains("no column 'observed_at'") && unnamed.contains("--column observed_at=…"))
        var file = SeriesFiles.File()
        file.layouts["csv"] = csv { $0.setColumn("observed_at", ["when"]) }
        #expect(try message("\(folder.path)/a.csv", as: file).contains("--column pm25=dust"))
        #expect(try message("\(folder.path)/b.csv").hasSuffix("cannot be read: No such file or directory"))
    }

    @Test(.enabled(if: RealData.hasWorld), .timeLimit(.minutes(5)))
    func theWorldIsRead() throws {
        let stations = try StationSeries.load(RealData.path("world"))
        #expect(stations.count > 70 && Set(stations.map(\.id)).count == stations.count)
        #expect(stations.allSatisfy { $0.country != nil && $0.series.latitude != nil && $0.series.longitude != nil })
        #expect(stations.allSatisfy { $0.series.measures.count > 8000 })
    }
}
