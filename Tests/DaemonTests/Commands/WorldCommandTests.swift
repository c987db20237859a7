import Foundation
import TestSupport
import Testing

@testable import Daemon
@testable import Forecast

/// `hazecast train --preset world` and `hazecast backtest` of many stations, as a user runs them.
@Suite struct WorldCommandTests {
    private static let models = URL(filePath: #filePath).appending(path: "../../../../models").standardized.path()
    private static let tiny = ["--epochs", "1", "--members", "1", "--windows", "600"]

    private func hazecast(_ arguments: [String]) async throws -> Executable.Output {
        try await Executable.hazecast.run(arguments, environment: ["HAZECAST_DATABASE": "host=/nowhere"])
    }

    private func object(_ text: String) throws -> [String: JSONValue] { try object(JSONValue(json: Data(text.utf8))) }

    private func object(_ value: JSONValue?) throws -> [String: JSONValue] {
        guard case .object(let object) = value else { throw ForecastError(.malformed, "\(value as Any)") }
        return object
    }

    private func array(_ value: JSONValue?) throws -> [JSONValue] {
        guard case .array(let array) = value else { throw ForecastError(.malformed, "\(value as Any)") }
        return array
    }

    private func number(_ value: JSONValue?) throws -> Double {
        guard case .number(let number) = value else { throw ForecastError(.malformed, "\(value as Any)") }
        return number
    }

    private func scores(_ arguments: [String]) async throws -> [String: JSONValue] {
        let output = try await hazecast(["backtest", "--json"] + arguments)
        #expect(output.status == 0, "\(output.standardError)")
        #expect(!output.standardOutput.lowercased().contains("nan"))
        return try object(output.standardOutput)
    }

    /// Trains on a folder and gives the model file.
    private func withModel(
        _ arguments: [String] = [], _ body: (WorldFolder, String, Executable.Output) async throws -> Void
    ) async throws {
        let folder = try WorldFolder()
        let model = "\(folder.path)/tiny.json"
        let output = try await hazecast(
            ["train", "--preset", "world", "--data", folder.path, "--out", model] + Self.tiny + arguments)
        #expect(output.status == 0, "\(output.standardError)")
        try await body(folder, model, output)
    }

    @Test func theModelSaysWhatItHasLearntFrom() async throws {
        try await withModel(["--leave-out", "MM,BB", "--seed", "7"]) { _, file, output in
            // Two members for each of six groups, and one to serve.
            #expect(output.standardOutput.split(separator: "\n").count == 13)
            let model = try ModelFile.read(file)
            #expect(model.preset == "world" && model.name == "tiny" && model.architecture.members == 1)
            #expect(model.bands != nil && model.memoryBands != nil && model.persistenceBands != nil)
            let training = try object(model.training)
            #expect(training["left_out_countries"] == .array([.string("BB"), .string("MM")]))
            #expect(training["seed"] == .number(7) && training["windows"] == .number(600))
            #expect(try array(training["countries"]).count == 12)
            // No series is so long that its last year is held back.
            let scores = try object(model.scores)
            #expect(Set(scores.keys) == ["left_out_live", "left_out_live_without_memory"])
            let unseen = try object(scores["left_out_live"])
            #expect(Set(unseen.keys) == ["mean_skill", "countries"])
            #expect(Set(try object(unseen["countries"]).keys) == ["BB", "MM"])
        }
    }

    @Test func everyStationOfAFolderIsScoredAndMeansAreOverCountries() async throws {
        try await withModel { folder, model, _ in
            let arguments = ["--data", folder.path, "--model", model]
            let all = try await scores(arguments)
            #expect(all["protocol"] == .string("live"))
            let stations = try array(all["stations"]).map { try object($0) }
            #expect(stations.count == WorldFolder.countries.count + 2)
            let keys = ["id", "country", "n", "mean_skill", "leads", "persistence", "adapted"]
            for station in stations { for key in keys { #expect(station[key] != nil, "\(key)") } }
            for key in ["leads", "persistence"] { #expect(try object(stations[0][key]).count == Forecast.leads) }
            let lead = try object(object(stations[0]["leads"])["1"])
            for key in ["skill", "rmse", "coverage80", "coverage95", "interval_score80"] {
                #expect(try number(lead[key]).isFinite)
            }

            // The second station of AA counts half.
            let skills = try stations.reduce(into: [String: [Double]]()) { skills, station in
                guard case .string(let country) = station["country"], station["counted"] == .bool(true) else { return }
                skills[country, default: []].append(try number(station["mean_skill"]))
            }
            let means = skills.mapValues { $0.reduce(0, +) / Double($0.count) }
            #expect(skills["AA"]?.count == 2 && means.count == WorldFolder.countries.count)
            let mean = means.values.reduce(0, +) / Double(means.count)
            #expect(abs(try number(all["mean_skill"]) - mean) < 1e-9)
            let countries = try object(all["countries"])
            #expect(Set(countries.keys) == Set(means.keys))
            #expect(try object(all["adapted"])["mean_skill"] != all["mean_skill"])
            #expect(try number(all["stations_below_zero"]) == Double(skills.values.joined().count { $0 < 0 }))
            guard case .string = all["worst"] else { throw ForecastError(.malformed, "worst") }
            #expect(try object(object(all["bands"])["first_week80"]).count == Forecast.leads)
            #expect(try object(object(all["bands"])["within_75_85"])["static"] != nil)

            // What is too short is listed, but counts nowhere.
            let short = try #require(stations.first { $0["id"] == .string(WorldFolder.short) })
            #expect(short["counted"] == .bool(false))
            #expect(short["reason"] == .string("69 scored hours, and 1000 are needed"))
            try await theTableHasARowForEachStationAndTheFigureADot(folder, model)
        }
    }

    private func theTableHasARowForEachStationAndTheFigureADot(_ folder: WorldFolder, _ model: String) async throws {
        let plot = URL(filePath: "\(folder.path)/world.svg")
        let output = try await hazecast(
            ["backtest", "--data", folder.path, "--model", model, "--plot", plot.path()])
        #expect(output.status == 0, "\(output.standardError)")
        let lines = output.standardOutput.split(separator: "\n").map(String.init)
        for start in ["aa-1", "2 stations", "1 station", "mean of 13 countries", "short *", "* in no mean:"] {
            #expect(lines.contains { $0.hasPrefix(start) }, "\(start)")
        }
        #expect(lines.contains("  short: 69 scored hours, and 1000 are needed"))
        #expect(!output.standardOutput.lowercased().contains("nan"))
        let drawing = try Drawing(String(contentsOf: plot, encoding: .utf8))
        // Skill, and both bands, of each of 14.
        #expect(drawing.named("circle").count == 14 * 3)
    }

    @Test func memoryAndWeatherCanBeHidden() async throws {
        try await withModel { _, model, _ in
            let folder = try WorldFolder(countries: 2)
            let arguments = ["--data", folder.path, "--model", model]
            let all = try await scores(arguments)
            let forgetful = try await scores(arguments + ["--memory", "0"])
            let dry = try await scores(arguments + ["--inputs", "pm25"])
            #expect(forgetful["mean_skill"] != all["mean_skill"] && dry["mean_skill"] != all["mean_skill"])
            // Nothing is learnt from outcomes in no days.
            #expect(try object(forgetful["adapted"])["mean_skill"] == forgetful["mean_skill"])
            // A station without weather is the same with and without it.
            func skill(_ id: String, _ scores: [String: JSONValue]) throws -> JSONValue? {
                try array(scores["stations"]).map { try object($0) }.first { $0["id"] == .string(id) }?["mean_skill"]
            }
            #expect(try skill("bb-1", dry) == skill("bb-1", all) && skill("aa-1", dry) != skill("aa-1", all))

            // One file has the same scores alone.
            let alone = try await scores(
                [
                    "--data", "\(folder.path)/bb-1.csv", "--model", model, "--latitude", "-15", "--longitude", "9",
                ])
            #expect(try skill("bb-1", alone) == skill("bb-1", all))
        }
    }

    @Test func aModelThatNeedsEveryMeasureIsScoredWhereTheyAre() async throws {
        let folder = try WorldFolder()
        let all = try await scores(["--data", folder.path, "--model", "\(Self.models)/operational.json"])
        let stations = try array(all["stations"]).map { try object($0) }
        #expect(stations.count { $0["counted"] == .bool(true) } == 5)
        let dust = try #require(stations.first { $0["id"] == .string("bb-1") })
        let reason = "operational needs dew_point, temperature, pressure, wind_speed, which the readings lack"
        #expect(dust["reason"] == .string(reason) && dust["mean_skill"] == .null)
        #expect(try number(all["mean_skill"]).isFinite)
        let none = try await scores(
            ["--data", folder.path, "--model", "\(Self.models)/operational.json", "--inputs", "pm25"])
        #expect(none["mean_skill"] == .null && none["worst"] == .null)
    }

    @Test func theRecipeIsScoredOnCountriesThatItHasNotSeen() async throws {
        let folder = try WorldFolder(countries: 3)
        let arguments = ["--data", folder.path, "--leave-out-groups", "3"] + Self.tiny
        let output = try await hazecast(["backtest", "--json"] + arguments)
        #expect(output.status == 0, "\(output.standardError)")
        // A line for each epoch of three networks.
        #expect(output.standardError.split(separator: "\n").count == 3)
        let report = try object(output.standardOutput)
        #expect(report["protocol"] == .string("live") && report["groups"] == .number(3))
        let conditions = try array(report["conditions"]).map { try object($0) }
        #expect(conditions.map { $0["memory"] } == [.number(0), .number(3), .number(14), .null, .null])
        #expect(conditions.map { $0["inputs"] } == ["pm25", "pm25", "pm25", "pm25", "all"].map { .string($0) })
        #expect(Set(conditions.map { "\($0["mean_skill"] ?? .null)" }).count == 5)

        let one = try await scores(arguments + ["--memory", "3", "--inputs", "pm25"])
        #expect(one["conditions"] == nil && one["mean_skill"] == conditions[1]["mean_skill"])
    }

    @Test(arguments: [
        (["backtest", "--memory", "-1", "--model", "m"], 64, "--memory -1: days are 0 or more"),
        (["backtest", "--leave-out-groups", "2", "--model", "m"], 64, "excludes --model"),
        (["backtest", "--leave-out-groups", "2", "--protocol", "chapter"], 64, "--protocol chapter"),
        (["backtest", "--leave-out-groups", "1"], 64, "there must be 2 groups at least"),
        (["backtest", "--leave-out-groups", "99"], 1, "--data holds stations of 14 countries"),
        (["backtest", "--leave-out-groups", "2", "--windows", "9"], 1, "training needs at least 512 windows"),
        (["backtest"], 64, "--model FILE, or --leave-out-groups N"),
        (["backtest", "--model", "m", "--epochs", "1"], 64, "go with --leave-out-groups"),
        (["train", "--out", "/tmp/m.json"], 1, "learn from all with --preset world"),
        (
            ["train", "--out", "/tmp/m.json", "--leave-out", "AA"], 64,
            "--windows and --leave-out go with --preset world"
        ),
        (["train", "--out", "/tmp/m.json", "--preset", "world", "--leave-out", "AA,XX"], 1, "--leave-out XX"),
        (["train", "--out", "/tmp/m.json", "--preset", "world", "--leave-out", "AA,BB,CC"], 1, "of 12 countries"),
        (["train", "--out", "/tmp/m.json", "--preset", "world", "--plot", "/tmp/x.svg"], 64, "has none of"),
    ])
    func whatCannotBeDoneIsSaid(_ arguments: [String], _ status: Int32, _ message: String) async throws {
        let folder = try WorldFolder(hours: 48)
        let output = try await hazecast(arguments + ["--data", folder.path])
        #expect(output.status == status, "\(output.standardError)")
        #expect(output.standardOutput.isEmpty && output.standardError.contains(message), "\(output.standardError)")
    }
}
