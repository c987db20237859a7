import Foundation
import TestSupport
import Testing

/// The first thing that anybody runs.
@Suite struct DemoCommandTests {
    @Test(.enabled(if: dataDirectory != nil))
    func theDemoReplaysRealReadingsAndShowsForecastsReadBySQL() async throws {
        let folder = try requireDataDirectory().path()
        let output = try await Executable.hazecast.run(
            ["demo", "--hours", "48"], environment: ["HAZECAST_DATA_DIR": folder], deadline: .seconds(110))
        #expect(output.status == 0, "\(output.standardError)")
        let text = output.standardOutput
        #expect(text.contains("Loaded real hourly readings of Beijing"))
        #expect(text.contains("Beijing  2014-12-31 15:00  24    2015-01-01 15:00"))
        #expect(text.contains("◉") || text.contains("○"))
        #expect(text.contains("persistence RMSE"))
        #expect(text.hasSuffix("The private PostgreSQL is stopped and removed.\n"))
    }

    @Test func withoutDataASimulatorStandsInAndTheDemoSaysSo() async throws {
        let output = try await Executable.hazecast.run(
            ["demo", "--hours", "30"], environment: ["HAZECAST_DATA_DIR": "/nonexistent"], deadline: .seconds(110))
        #expect(output.status == 0, "\(output.standardError)")
        #expect(output.standardOutput.contains("SIMULATED"))
        #expect(output.standardOutput.contains("sim-0001"))
    }
}
