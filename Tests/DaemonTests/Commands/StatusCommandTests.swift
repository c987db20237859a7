import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

@Suite struct StatusCommandTests {
    private func status(_ site: Site) async throws -> String {
        let output = try await Executable.hazecast.run(["status", "--database", site.conninfo])
        #expect(output.status == 0, "\(output.standardError)")
        return output.standardOutput
    }

    /// A station that reports no more says so, and since when, wherever its last forecast is to be seen.
    @Test func aSilentStationIsSaidToBeSilent() async throws {
        try await Site.with { site in
            for (name, age) in [("dead", 60 * 24), ("live", 0)] {
                try await site.addStation(name)
                try await site.run(
                    """
                    INSERT INTO hazecast.reading (station_id, observed_at, pm25)
                    SELECT station.id, date_trunc('hour', now(), 'UTC') - hour * interval '1 hour', 20 + hour % 7
                    FROM hazecast.station, generate_series(\(age + 1), \(age + 30)) AS hour WHERE name = '\(name)'
                    """)
            }
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            #expect(await daemon.hasWritten(toStandardError: "serving"))
            try await eventually { try await site.text("SELECT count(*) FROM hazecast.forecast_ledger") == "2" }
            #expect(
                try await site.text(
                    """
                    SELECT string_agg(concat_ws(' ', name, silent_since = last_reading + interval '1 hour',
                        reason LIKE 'silent since %'), ', ' ORDER BY name) FROM hazecast.status WHERE kind = 'station'
                    """) == "dead t t, live")
            #expect(
                try await site.text(
                    """
                    SELECT string_agg(concat(station, ' ', stale), ', ' ORDER BY station)
                    FROM hazecast.exceedance(75) WHERE lead = 1
                    """) == "dead t, live f")
            let lines = try await status(site).split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("dead") && $0.contains("silent since 20") }, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("live") && !$0.contains("silent") }, "\(lines)")
            let json = try await Executable.hazecast.run(["status", "--json", "--database", site.conninfo])
            #expect(json.standardOutput.contains(#""silent_since":"20"#), "\(json.standardOutput)")
        }
    }

    /// A name may hold what a terminal obeys.
    @Test func controlCharactersAreNotPrintedRaw() async throws {
        try await Site.with { site in
            try await site.run(
                #"""
                INSERT INTO hazecast.station (name) VALUES (E'a\nb'), (E'\x1b[31mred'), (E'tab\there'), (E'\u202eover'),
                    ('北京 🏭 مدينة'), ('é')
                """#)
            let text = try await status(site)
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
            #expect(text.contains(#"\u{1B}[31mred"#) && text.contains(#"\u{202E}over"#) && text.contains("a b"))
            #expect(text.contains("北京 🏭 مدينة"))
            let error = try await Executable.hazecast.run([
                "status", "--database", "dbname='\u{1B}[31mx' host=/nowhere",
            ])
            #expect(error.status == 1 && !error.standardError.contains("\u{1B}"), "\(error.standardError)")
        }
    }
}
