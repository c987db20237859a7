import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon
@testable import Forecast

/// `hazecast train` as a user runs it.
@Suite struct TrainCommandTests {
    private func hazecast(
        _ arguments: [String], on conninfo: String = "host=/nowhere"
    ) async throws -> Executable.Output {
        let unwritten = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID()).json").path()
        return try await Executable.hazecast.run(
            ["train", "--out", unwritten] + arguments, environment: ["HAZECAST_DATABASE": conninfo])
    }

    /// A database with a station that has reported for 1,200 hours, and one that has no readings.
    private func withStation(_ body: @escaping @Sendable (_ conninfo: String) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                INSERT INTO hazecast.station (name, longitude) VALUES ('roof', 116.4), ('silent', NULL);
                INSERT INTO hazecast.reading
                    (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
                SELECT 1, '2014-01-01 00:00Z'::timestamptz + h * interval '1 hour', 60 + 50 * sin(h / 9.0), sin(h / 70.0),
                    4 + sin(h / 3.8), 1015 + sin(h / 40.0), h * 45 % 360, 2 + sin(h / 30.0)
                FROM generate_series(0, 1199) AS h
                """)
            try await body(database.conninfo)
        }
    }

    @Test(arguments: [
        (["--data", "x.csv", "--station", "roof"], "--data and --station exclude each other"),
        ([], "say what to train on"),
        (["--data", "x.csv", "--since", "2014-01-01"], "--since goes with --station"),
        (["--station", "roof", "--since", "soon"], "--since soon: not an hour"),
        (["--data", "x.csv", "--whole"], "--whole goes with --from"),
    ])
    func optionsThatDoNotGoTogetherAreRefused(_ arguments: [String], _ message: String) async throws {
        let output = try await hazecast(arguments)
        #expect(output.status == 64)
        #expect(output.standardError.contains(message), "\(output.standardError)")
    }

    @Test func aStationOfTheDatabaseIsLearntByFineTuningARegisteredModel() async throws {
        try await withStation { conninfo in
            let file = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID())-roof.json")
            defer { try? FileManager.default.removeItem(at: file) }
            let arguments = ["--station", "roof", "--from", "operational", "--whole", "--epochs", "1"]
            let output = try await hazecast(
                arguments + ["--since", "2014-01-03", "--out", file.path()], on: conninfo)
            #expect(output.status == 0, "\(output.standardError)")
            // Two halves of eight members, an epoch each.
            #expect(output.standardOutput.split(separator: "\n").count == 16)
            let model = try ModelFile.read(file.path())
            #expect(model.architecture.members == 8 && model.bands != nil)
            guard case .object(let training) = model.training else { throw ForecastError(.malformed, "training") }
            #expect(training["parent"] == .string("operational"))
            #expect(training["first_hour"] == .string("2014-01-03T00:00Z"))
            #expect(training["last_hour"] == .string("2014-02-19T23:00Z"))
        }
    }

    @Test func whatIsNotThereIsSaidInOneLine() async throws {
        try await withStation { conninfo in
            for (arguments, message) in [
                (["--station", "attic"], "there is no station 'attic'"),
                (["--station", "silent"], "station 'silent' has no readings"),
                (["--station", "roof", "--since", "2020-01-01"], "has no readings since 2020-01-01"),
                (["--station", "roof", "--from", "better"], "neither such a file nor a model of that name"),
                (["--station", "roof", "--from", "operational"], "with --whole all are learnt from"),
                (["--station", "roof", "--from", "chapter", "--whole"], "can be fine-tuned"),
                (["--station", "roof", "--preset", "operational"], "a year and a day"),
            ] {
                let output = try await hazecast(arguments, on: conninfo)
                #expect(output.status == 1)
                #expect(output.standardError.contains(message), "\(output.standardError)")
                #expect(output.standardError.split(separator: "\n").count == 1, "\(output.standardError)")
            }
        }
    }
}
