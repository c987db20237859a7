import Foundation
import TestSupport
import Testing

@testable import Forecast

/// What `hazecast backtest` and `hazecast train` read, as a user names it.
@Suite struct SeriesOptionsTests {
    private static let model = URL(filePath: #filePath).appending(path: "../../../../models/operational.json")
        .standardized.path()

    /// A csv file of a year and some weeks under column names of another program, by the clock of Denver in winter.
    private static func denver() throws -> Data {
        let start = try #require(UTCHour(year: 2012, month: 1, day: 1, hour: 0))
        let rows = (0..<Backtest.testHours + 1000).map { hour in
            let stamp = start.advanced(by: hour).description.dropLast()
            let pm25 = 30 + 20 * sin(Double(hour) / 20) + 6 * cos(Double(hour))
            return "\(stamp),\(pm25),\(hour % 9),\(hour % 24),840,\(hour * 45 % 360),2"
        }
        let header = "time,PM2.5,dew_point,temperature,pressure,wind_direction,wind_speed"
        return Data(([header] + rows).joined(separator: "\n").utf8)
    }

    private static let columns = ["--column", "observed_at=time", "--column", "pm25=PM2.5", "--time-zone", "-07"]

    private func backtest(_ arguments: [String]) async throws -> Executable.Output {
        try await Executable.hazecast.run(
            ["backtest", "--model", Self.model] + arguments, environment: ["HAZECAST_DATABASE": "host=/nowhere"])
    }

    private func meanSkill(_ arguments: [String]) async throws -> JSONValue? {
        let output = try await backtest(arguments + ["--json"])
        #expect(output.status == 0, "\(output.standardError)")
        guard case .object(let scores) = try JSONValue(json: Data(output.standardOutput.utf8)) else { return nil }
        return scores["mean_skill"]
    }

    @Test func aCompressedFileWithItsOwnColumnsIsScoredAtItsLongitude() async throws {
        let plain = try Self.denver()
        let folder = try TemporaryFolder(["denver.csv": plain, "denver.csv.gz": try gzipped(plain)])
        func skill(_ file: String, _ place: [String]) async throws -> JSONValue? {
            try await meanSkill(["--data", "\(folder.path)/\(file)"] + Self.columns + place)
        }
        let west = try await skill("denver.csv", ["--longitude", "-105.0", "--latitude", "39.7"])
        #expect(west != nil && west != .null)
        #expect(try await skill("denver.csv.gz", ["--longitude=-105.0"]) == west)
        // The hour of the sun is another one there.
        #expect(try await skill("denver.csv", ["--longitude", "75"]) != west)
    }

    @Test func everyStationOfAFolderHasARow() async throws {
        let names = "time_utc,pm25,dew_point,temperature,pressure,wind_direction,wind_speed\n"
        let rows = try Self.denver().split(separator: UInt8(ascii: "\n")).dropFirst()
            .map { String(decoding: $0, as: UTF8.self) }
        let folder = try TemporaryFolder([
            "index.json": Data(
                "[{\"file\": \"long.csv\", \"id\": \"roof\"}, {\"file\": \"short.csv\"}, {\"file\": \"dust.csv\"}]".utf8
            ),
            "long.csv": Data((names + rows.joined(separator: "\n") + "\nnever,1,,,,,\nnever,1,,,,,").utf8),
            // PM2.5 alone.
            "dust.csv": Data(
                (names
                    + rows.map { $0.split(separator: ",").prefix(2).joined(separator: ",") + ",,,,," }
                    .joined(separator: "\n")).utf8),
            "short.csv": Data((names + rows.prefix(100).joined(separator: "\n")).utf8),
        ])
        let output = try await backtest(["--data", folder.path])
        #expect(output.status == 0, "\(output.standardError)")
        let lines = output.standardOutput.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("roof ") } && lines.contains { $0.hasPrefix("mean of 1 countries") })
        #expect(lines.contains("  short: 76 scored hours, and 1000 are needed"))
        #expect(
            lines.contains(
                "  dust: operational needs dew_point, temperature, pressure, wind_speed, which the readings lack"))
        #expect(output.standardError == "\(folder.path)/long.csv: 2 rows left out\n")
    }

    @Test(arguments: [
        (["--data", "x.csv", "--longitude", "-180.5"], 64, "--longitude -180.5: degrees east are -180 to 180"),
        (["--data", "x.csv", "--latitude", "-91"], 64, "--latitude -91.0: degrees north are -90 to 90"),
        (["--data", "x.csv", "--latitude", "nan"], 64, "--latitude nan: degrees north are -90 to 90"),
        (["--data", "x.csv", "--data", "y.csv", "--longitude", "7"], 64, "describe one file, and --data names 2"),
        (["--data", "x.csv", "--data", "x.csv"], 64, "--data x.csv is given more than once"),
        (["--data", "x.csv", "--column", "pm25"], 64, "--column pm25: give it as ours=theirs"),
        (["--data", "x.csv", "--column", "pm10=dust"], 64, "'pm10' is none of station, observed_at"),
        (["--data", "x.csv", "--time-zone", "Mars"], 64, "'Mars' is no time zone"),
        (["--station", "roof", "--longitude", "7"], 64, "go with --data; the database has the station's own"),
        (["--station", "roof", "--data", "x.csv"], 64, "--data and --station exclude each other"),
        ([], 64, "say what to score: --data PATH, or --station NAME"),
        (["--data", "nowhere.csv"], 1, "nowhere.csv: cannot be read: No such file or directory"),
        (["--data", "/proc/self", "--longitude", "7"], 1, "/proc/self: the folder has neither an index.json nor"),
    ])
    func whatCannotBeReadIsRefused(_ arguments: [String], _ status: Int32, _ message: String) async throws {
        let output = try await backtest(arguments)
        #expect(output.status == status && output.standardOutput.isEmpty)
        #expect(output.standardError.contains(message), "\(output.standardError)")
    }

    @Test func aFolderIsNotDescribedByOptionsNorLearntByARecipeForOneStation() async throws {
        let row = Data("time_utc,pm25\n2020-01-01T00:00Z,1".utf8)
        let folder = try TemporaryFolder([
            "index.json": Data("[{\"file\": \"a.csv\"}, {\"file\": \"b.csv\"}]".utf8), "a.csv": row, "b.csv": row,
        ])
        let described = try await backtest(["--data", folder.path, "--longitude", "7"])
        #expect(described.status == 1 && described.standardError.contains("describe one file, and this is a folder"))
        let chapter = try await backtest(["--data", folder.path, "--protocol", "chapter"])
        #expect(chapter.status == 1 && chapter.standardError.contains("scores one station, and --data holds 2"))
        let model = "\(folder.path)/m.json"
        let trained = try await Executable.hazecast.run(["train", "--data", folder.path, "--out", model])
        #expect(trained.status == 1 && trained.standardError.contains("learns from one station, and --data holds 2"))
        #expect(trained.standardError.split(separator: "\n").count == 1)
    }

    @Test func importTakesNegativeDegreesAsWell() async throws {
        // Read up to the database, which there is none of.
        let output = try await Executable.hazecast.run(
            ["import", "--format", "csv", "--latitude", "-33.9", "--longitude", "-70.7", "-"],
            environment: ["HAZECAST_DATABASE": "host=/nowhere"], input: "station,observed_at,pm25\n")
        #expect(output.standardError.contains("/nowhere"), "\(output.standardError)")
    }
}
