import Foundation
import TestSupport
import Testing

@testable import Web

@Suite struct MetricsTests {
    @Test func promtoolTakesTheMetricsAndTheirNumbersAreTheDatabases() async throws {
        try await WebSite.with { site in
            let metrics = try await site.get("/metrics")
            #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let checked = try await Executable(path: "/usr/bin/promtool").run(
                ["check", "metrics"], input: metrics.body)
            #expect(checked.status == 0 && checked.standardError.isEmpty, "\(checked)")
            #expect(metrics.body.contains("hazecast_up 1\n"))
            #expect(metrics.body.contains("hazecast_stations{state=\"forecast\"} 3\n"))
            #expect(metrics.body.contains("hazecast_stations{state=\"without_forecast\"} 1\n"))
            #expect(metrics.body.contains("hazecast_alerts_standing 1\n"))
            #expect(metrics.body.contains("hazecast_web_info{version=\"\(HazecastWeb.version)\"} 1\n"))
            // No forecast is a sample, and nothing is of the future.
            let now = Date().timeIntervalSince1970
            for line in metrics.body.split(separator: "\n")
            where line.contains("_timestamp_seconds ") && !line.hasPrefix("#") {
                #expect(Double(line.split(separator: " ").last ?? "") ?? .infinity <= now, "\(line)")
            }
        }
    }

    @Test func thoseWhoAskForOpenMetricsGetIt() async throws {
        try await WebSite.with { site in
            let metrics = try await site.get("/metrics", ["Accept": "application/openmetrics-text;version=1.0.0"])
            #expect(metrics.headers["content-type"]?.hasPrefix("application/openmetrics-text") == true)
            #expect(metrics.body.hasSuffix("# EOF\n"))
            #expect(
                metrics.body.contains("# TYPE hazecast_alerts counter\n")
                    && metrics.body.contains("hazecast_alerts_total "))
            #expect(metrics.body.contains("# UNIT hazecast_lag_seconds seconds\n"))
        }
    }

    @Test func theCommandPrintsTheSameAndSaysWhenThereIsNoDatabase() async throws {
        try await WebSite.with { site in
            let output = try await Executable.hazecast.run(["metrics", "--database", site.conninfo])
            #expect(output.status == 0 && output.standardOutput.contains("hazecast_alerts_standing 1\n"))
            let down = try await Executable.hazecast.run(["metrics", "--database", "host=/none dbname=none"])
            #expect(down.status == 1 && down.standardOutput.contains("hazecast_up 0\n"))
            #expect(down.standardError.split(separator: "\n").count == 1)
        }
    }

    @Test func labelsAreEscapedAndFamiliesNamedByFormat() {
        var exposition = Exposition()
        exposition.add("a", .counter, "x \\ \n y", [.init(labels: [("l", "\"\n\\")], value: 1.5)])
        #expect(
            exposition.text == "# HELP a_total x \\\\ \\n y\n# TYPE a_total counter\na_total{l=\"\\\"\\n\\\\\"} 1.5\n")
        #expect(exposition.openMetrics.hasPrefix("# HELP a x") && exposition.openMetrics.hasSuffix("\n# EOF\n"))
        #expect(
            Exposition.number(.infinity) == "+Inf" && Exposition.number(3) == "3" && Exposition.number(.nan) == "NaN")
    }
}
