import Foundation
import Postgres
import TestSupport
import Testing

/// What README and docs tell people to type.
struct ReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")

    /// The example works where the session's clock is half an hour off as well.
    @Test(arguments: ["UTC", "Asia/Kolkata", "Australia/Adelaide"]) func theFirstExampleWorks(zone: String) async throws
    {
        let text = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        let start = try #require(text.range(of: "INSERT INTO hazecast.station (name, latitude, longitude)"))
        let example = text[start.lowerBound...].prefix(while: { $0 != "`" })
        try await MigratedDatabase.with { database in
            try await database.run("SET TimeZone = '\(zone)'; \(example)")
            #expect(try await database.value("SELECT count(*) FROM hazecast.reading", as: Int64.self) == 26)
        }
    }

    /// The beginning of an hour of the session's time zone is none of UTC everywhere.
    @Test func noHourIsTakenFromTheSessionsZone() throws {
        for folder in ["", "docs", "deploy"] {
            let files = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: folder).path())
            for file in files where file.hasSuffix(".md") || file.hasSuffix(".sql") {
                let text = try String(contentsOf: Self.root.appending(path: "\(folder)/\(file)"), encoding: .utf8)
                #expect(!text.contains("date_trunc('hour', now())"), "\(folder)/\(file)")
            }
        }
    }
}
