import Foundation
import Ingest
import TestSupport
import Testing

@testable import Forecast

/// `hazecast backtest` and `hazecast train` as a user runs them, on a made-up file.
@Suite struct BacktestCommandTests {
    private let repository = URL(filePath: #filePath).appending(path: "../../../..").standardized

    /// Gives a folder with `series.csv`: a year and some weeks by default, of which only what `isObserved` says has a pm25.
    private func withSeries(
        hours: Int = Backtest.testHours + 1000, isObserved: (_ hour: Int) -> Bool = { _ in true },
        _ body: (URL) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let start = try #require(UTCHour(year: 2012, month: 1, day: 1, hour: 0))
        var lines = ["No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir"]
        for hour in 0..<hours {
            let now = start.advanced(by: hour)
            let date = now.description.prefix(10).split(separator: "-").compactMap { Int($0) }
            let pm25 = isObserved(hour) ? String(Int(100 + 60 * sin(Double(hour) / 20) + 20 * cos(Double(hour)))) : "NA"
            lines.append(
                "\(hour + 1),\(date[0]),\(date[1]),\(date[2]),\(now.hourOfDay),\(pm25),\(hour % 9),\(hour % 24),1010,"
                    + "\(hour % 2 == 0 ? "NE" : "NW"),2,0,0")
        }
        try lines.joined(separator: "\n").write(
            to: folder.appending(path: "series.csv"), atomically: true, encoding: .utf8)
        try await body(folder)
    }

    private var models: String { repository.appending(path: "models").path() }

    private func object(_ line: String) throws -> [String: JSONValue] {
        guard case .object(let object) = try JSONValue(json: Data(line.utf8)) else {
            throw ForecastError(.malformed, line)
        }
        return object
    }

    @Test(arguments: ["live", "chapter"])
    func aPreviousModelIsScoredInTheSameRun(_ scoring: String) async throws {
        try await withSeries { folder in
            let arguments = [
                "backtest", "--protocol", scoring, "--data", folder.appending(path: "series.csv").path(),
                "--model", "\(models)/operational.json",
            ]
            let previous = ["--baseline", "\(models)/chapter.json"]
            let plot = folder.appending(path: "scores.svg")
            let table = try await Executable.hazecast.run(arguments + previous + ["--plot", plot.path()])
            #expect(table.status == 0, "\(table.standardError)")
            #expect(table.standardOutput.contains("previous: chapter, 26 weights"))
            let widest = table.standardOutput.split(separator: "\n").map(\.count).max()
            #expect(try #require(widest) <= 120)
            let drawing = try Drawing(String(contentsOf: plot, encoding: .utf8))
            #expect(drawing.elements.contains { $0.text == "previous" })

            // What stands beside a model is what it scores alone.
            let both = try await Executable.hazecast.run(arguments + previous + ["--json"])
            let alone = try await Executable.hazecast.run(
                arguments.dropLast() + ["\(models)/chapter.json", "--json"])
            guard case .object(let baseline) = try object(both.standardOutput)["baseline"] else {
                throw ForecastError(.malformed, both.standardOutput)
            }
            let scores = scoring == "live" ? ["leads", "mean_skill"] : ["blocks"]
            let expected = try object(alone.standardOutput)
            for key in scores { #expect(baseline[key] == expected[key] && baseline[key] != nil, "\(key)") }
            #expect(baseline["name"] == .string("chapter"))

            // Bands that adapt stand beside those that do not, of a model that has any.
            let scored = try object(both.standardOutput)
            #expect(table.standardOutput.contains("adaptive: in 80 %") == (scoring == "live"))
            #expect((scored["adaptive_bands"] != nil) == (scoring == "live"))
            #expect(baseline["adaptive_bands"] == nil)
            if case .object(let leads) = scored["adaptive_bands"], case .object(let first) = leads["1"] {
                #expect(leads.count == Forecast.leads && first["interval_score80"] != nil)
            }
        }
    }

    @Test(arguments: ["operational", "chapter"])
    func oneFileHasTheScoresOfItsProtocolAndNothingElse(_ name: String) async throws {
        try await withSeries { folder in
            let file = folder.appending(path: "series.csv").path()
            let series = try #require(StationSeries.load(file).first).series
            let model = try Model(json: Data(contentsOf: URL(filePath: "\(models)/\(name).json")))
            for (scoring, expected) in [
                ("live", try LiveProtocol(model, on: series, withRidge: true).json),
                ("chapter", try ChapterProtocol(model, on: series).json(for: model)),
            ] {
                let output = try await Executable.hazecast.run(
                    [
                        "backtest", "--protocol", scoring, "--data", file, "--model", "\(models)/\(name).json",
                        "--json",
                    ])
                #expect(output.standardOutput == expected.line + "\n")
                #expect(output.standardError.isEmpty && output.status == 0)
            }
            for option in [["--inputs", "all"], ["--memory", "3"]] {
                let output = try await Executable.hazecast.run(
                    ["backtest", "--data", file, "--model", "\(models)/\(name).json"] + option)
                #expect(output.status == 1 && output.standardError.contains("a folder or a model that bears gaps"))
            }
        }
    }

    /// What version 0.1.0 said of three years of this series.
    @Test func ridgeOfASeriesWithEveryMeasureStaysAsItWas() async throws {
        try await withSeries(hours: 3 * Backtest.testHours + 24) { folder in
            let file = folder.appending(path: "series.csv").path()
            let series = try #require(StationSeries.load(file).first).series
            let model = try Model(json: Data(contentsOf: URL(filePath: "\(models)/operational.json")))
            let ridge = try #require(try LiveProtocol(model, on: series, withRidge: true).ridge)
            // Sums of floats in another order differ in the last digits.
            for (lead, rmse) in [1: 0.32063, 8: 0.34402, 24: 0.34110] {
                #expect(abs(ridge[lead - 1].rmse - rmse) < 1e-4, "lead \(lead): \(ridge[lead - 1].rmse)")
            }
        }
    }

    @Test func aStationOfTheDatabaseIsScoredWhereItStands() async throws {
        let model = "\(models)/operational.json"
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                INSERT INTO hazecast.station (name, longitude) VALUES ('roof', -105), ('yard', 75);
                INSERT INTO hazecast.reading
                    (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
                SELECT s, '2014-01-01 00:00Z'::timestamptz + h * interval '1 hour', 60 + 50 * sin(h / 9.0), sin(h / 70.0),
                    4 + sin(h / 3.8), 1015 + sin(h / 40.0), h * 45 % 360, 2 + sin(h / 30.0)
                FROM generate_series(0, \(Backtest.testHours + 99)) AS h, generate_series(1, 2) AS s
                """)
            var skills: [JSONValue?] = []
            for station in ["roof", "yard"] {
                let output = try await Executable.hazecast.run(
                    ["backtest", "--station", station, "--model", model, "--json"],
                    environment: ["HAZECAST_DATABASE": database.conninfo])
                #expect(output.status == 0, "\(output.standardError)")
                skills.append(try object(output.standardOutput)["mean_skill"])
            }
            // The same readings at another hour of the sun.
            #expect(skills[0] != nil && skills[0] != .null && skills[0] != skills[1])
        }
    }

    @Test func shareOfNothingIsNullAndADash() async throws {
        // The test year has no reading at all.
        try await withSeries(isObserved: { $0 < 1000 }) { folder in
            let arguments = [
                "backtest", "--data", folder.appending(path: "series.csv").path(), "--model",
                "\(models)/operational.json", "--plot", folder.appending(path: "scores.svg").path(),
            ]
            let json = try await Executable.hazecast.run(arguments + ["--json"])
            #expect(json.status == 0, "\(json.standardError)")
            #expect(try object(json.standardOutput)["mean_skill"] == .null)
            #expect(!json.standardOutput.lowercased().contains("nan"))
            let table = try await Executable.hazecast.run(arguments)
            #expect(table.standardOutput.contains("–") && !table.standardOutput.lowercased().contains("nan"))
        }
    }

    @Test(arguments: ["missing/file", "", "."])
    func whatCannotBeWrittenIsOneLineBeforeTheWork(_ place: String) async throws {
        try await withSeries { folder in
            let file = place.isEmpty ? "" : folder.appending(path: place).path()
            for arguments in [
                ["backtest", "--model", "\(models)/chapter.json", "--plot", file],
                ["train", "--out", file], ["train", "--out", folder.appending(path: "m.json").path(), "--plot", file],
            ] {
                // There are no data either, but that is found out later.
                let output = try await Executable.hazecast.run(arguments + ["--data", "nowhere.csv"])
                #expect(output.status != 0 && output.standardOutput.isEmpty)
                #expect(output.standardError.contains("cannot be written"), "\(output.standardError)")
                #expect(output.standardError.split(separator: "\n").count == 1, "\(output.standardError)")
            }
        }
    }

    @Test func theSingleLayerTrainsWithItsValidationInEveryLineAndInAFigure() async throws {
        try await withSeries { folder in
            let model = folder.appending(path: "single.json").path()
            let plot = folder.appending(path: "training.svg")
            let data = ["--data", folder.appending(path: "series.csv").path()]
            let output = try await Executable.hazecast.run(
                [
                    "train", "--preset", "chapter-single", "--optimiser", "sgd", "--restarts", "2", "--epochs", "3",
                    "--out", model, "--plot", plot.path(),
                ] + data)
            #expect(output.status == 0, "\(output.standardError)")
            let epochs = try output.standardOutput.split(separator: "\n").map { try object(String($0)) }
            #expect(epochs.count == 6)
            for key in ["validation_loss", "validation_r2"] {
                #expect(epochs.allSatisfy { if case .number = $0[key] { true } else { false } }, "\(key)")
            }
            #expect(try Drawing(String(contentsOf: plot, encoding: .utf8)).named("path").count == 6)
            let scores = try await Executable.hazecast.run(
                ["backtest", "--protocol", "chapter", "--model", model, "--json"] + data)
            #expect(try object(scores.standardOutput)["parameters"] == .number(49))
        }
    }
}
