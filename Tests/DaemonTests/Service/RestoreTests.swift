import Forecast
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

@Suite struct RestoreTests {
    /// A dump holds readings that no trigger will see when it is restored.
    @Test func aRestoredDatabaseIsServedAfterRefreshAndAfterARestart() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, Site.noon.advanced(by: -29)...Site.noon)
            var turns = try await Turns(site.conninfo)
            _ = try await turns.turn()
            // Two hours that the daemon of the old database never saw.
            try await site.write(roof, Site.noon.advanced(by: 1)...Site.noon.advanced(by: 2))
            try await site.run("DELETE FROM hazecast.arrival")

            try await TestDatabase.withDatabase { restored in
                let dump = try await Executable(path: "/bin/sh").run([
                    "-c", "pg_dump -d \"$1\" | psql -q -v ON_ERROR_STOP=1 -d \"$2\"", "sh", site.conninfo, restored,
                ])
                #expect(dump.status == 0, "\(dump.standardError)")
                let copy = Site(
                    conninfo: restored, connection: try await Connection.connect(restored, applicationName: "test"))
                #expect(try await copy.latest("roof")?.origin == Site.noon)
                var restarted = try await Turns(restored)
                #expect(try await restarted.turn().forecasts == 1)
                #expect(try await copy.latest("roof")?.origin == Site.noon.advanced(by: 2))

                // The daemon at work, and data restored under it.
                try await copy.run("SET session_replication_role = replica")
                try await copy.write(roof, Site.noon.advanced(by: 3))
                try await copy.run("SET session_replication_role = origin")
                #expect(try await restarted.turn() == Turn.Result())
                try await copy.run("SELECT hazecast.refresh()")
                #expect(try await restarted.turn().forecasts == 1)
                #expect(try await copy.latest("roof")?.origin == Site.noon.advanced(by: 3))
                await restarted.connection.close()
                await copy.connection.close()
            }
        }
    }
}
