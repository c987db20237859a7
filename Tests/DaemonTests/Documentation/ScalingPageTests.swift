import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Forecast

/// `docs/scaling.md` says what is so: five servers, set up by its commands.
@Suite struct ScalingPageTests {
    /// Databases, each on a server of its own, and the daemons of the first two.
    private struct Installation {
        let servers: [String: PrivateCluster]
        let page: ScalingPage

        init() throws {
            let servers = try Dictionary(
                uniqueKeysWithValues: ["west1", "west2", "east1", "east2", "all"].map { ($0, try TestServer.fresh()) })
            func place(_ names: String..., user: String) -> String {
                let hosts = names.compactMap { servers[$0]?.directory }.joined(separator: ",")
                return "host=\(hosts) dbname=air user=\(user)"
                    + (names.count > 1 ? " target_session_attrs=read-write" : "")
            }
            var variables = [
                "west": place("west1", "west2", user: "gather"), "east": place("east1", "east2", user: "gather"),
                "west_service": place("west1", "west2", user: "hazecast"),
                "east_service": place("east1", "east2", user: "hazecast"),
                "west_writer": place("west1", "west2", user: "postgres"),
                "east_writer": place("east1", "east2", user: "postgres"),
            ]
            for (name, server) in servers {
                variables[name] = place(name, user: "postgres")
                variables[name + "_data"] = server.directory + "/data"
            }
            self.servers = servers
            page = try ScalingPage(variables: variables)
        }

        func server(_ name: String) throws -> PrivateCluster { try #require(servers[name]) }

        func site(_ name: String) async throws -> Site {
            let conninfo = try #require(page.variables[name])
            return Site(conninfo: conninfo, connection: try await Connection.connect(conninfo, applicationName: "test"))
        }

        func daemon(_ name: String) throws -> RunningProcess {
            try Executable.hazecast.start(["run", "--database", try #require(page.variables[name])])
        }

        /// As the page says.
        func setUp() async throws {
            for name in ["west1", "east1", "all"] { try await server(name).start() }
            try await page.run("Two primaries")
            for name in ["west1", "east1"] { try await server(name).restart() }
            try await page.run("Two primaries", 1)
            try await page.run("A standby for each")
            for name in ["west2", "east2"] {
                // A server of root's tests runs as another user.
                if geteuid() == 0 {
                    _ = try await Executable(path: "/bin/chown").run(["-R", "postgres:", server(name).directory])
                }
                try await server(name).start()
            }
            try await page.run("A standby for each", 1)
            try await page.run("The gathered database")
        }
    }

    /// A primary and its daemon are killed while gathering lags behind them; standbys take over.
    @Test func aPrimaryIsLostAndNothingElse() async throws {
        let installation = try Installation()
        var daemons: [RunningProcess] = []
        do {
            try await withDeadline(.seconds(240)) { try await installation.setUp() }
            for name in ["west_service", "west_service", "east_service"] {
                daemons.append(try installation.daemon(name))
            }
            _ = await daemons[2].hasWritten(toStandardError: "serving")
            let west = Array(daemons[..<2])
            try await withDeadline(.seconds(240)) { try await Self.work(installation, daemonsOfWest: west) }
        } catch {
            for daemon in daemons { Issue.record("\(daemon.standardError.suffix(1500))") }
            await Self.end(installation, daemons)
            throw error
        }
        await Self.end(installation, daemons)
    }

    private static func end(_ installation: Installation, _ daemons: [RunningProcess]) async {
        for daemon in daemons { daemon.signal(SIGKILL) }
        for server in installation.servers.values { await server.remove() }
    }

    private static func work(_ installation: Installation, daemonsOfWest: [RunningProcess]) async throws {
        let noon = Site.noon
        let all = try await installation.site("all")
        let east = try await installation.site("east_writer")
        var west = try await installation.site("west_writer")
        let (roof, yard, east1) = (
            try await west.addStation("roof"), try await west.addStation("yard"), try await east.addStation("quay")
        )
        #expect([roof, yard, east1] == [1_000_001, 1_000_002, 2_000_001])
        // Training gives such names in every database.
        for (site, digit) in [(west, "a"), (east, "b")] {
            try await site.run(ModelDocument(name: "run-1", sha256: String(repeating: digit, count: 64)).insert)
        }
        for station in [roof, yard] { try await west.write(station, noon.advanced(by: -29)...noon) }
        try await east.write(east1, noon.advanced(by: -29)...noon)
        func areIssued(_ site: Site, _ stations: Int, at hour: UTCHour) async throws {
            try await eventually(within: .seconds(60)) {
                try await site.connection.query(
                    "SELECT count(*) = $2 FROM hazecast.forecast_ledger WHERE origin = $1 AND revision = 1",
                    [hour.timestamp, Int64(stations)]
                ).single().decode(Bool.self, at: 0)
            }
        }
        try await areIssued(all, 3, at: noon)

        // What the gathered database has not seen when the primary dies, a revision among it.
        try await all.run("ALTER SUBSCRIPTION west DISABLE")
        for station in [roof, yard] { try await west.write(station, noon.advanced(by: 1)) }
        try await areIssued(west, 2, at: noon.advanced(by: 1))
        var corrected = Site.measures(noon.advanced(by: 1))
        corrected.pm25 = 99
        try await west.write(roof, noon.advanced(by: 1), corrected)
        try await eventually { try await west.text("SELECT max(revision) FROM hazecast.forecast_ledger") == "2" }
        // And what it has seen of transactions that died with the primary: PostgreSQL 15 streams before the standby has them.
        try await all.run(
            """
            SET session_replication_role = replica;
            INSERT INTO hazecast.reading (station_id, observed_at, pm25, written_by)
            SELECT station_id, observed_at + interval '2 hours', 1, written_by FROM hazecast.reading
            WHERE station_id = \(roof) ORDER BY observed_at DESC LIMIT 1;
            INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
            SELECT station_id, origin + interval '2 hours', 1, model_id, pm25, 1 FROM hazecast.forecast_ledger
            WHERE station_id = \(roof) LIMIT 1;
            RESET session_replication_role;
            """)

        try await installation.server("west1").stop(.kill)
        let active = try #require(daemonsOfWest.first { $0.standardError.contains("NOTICE serving") })
        active.signal(SIGKILL)
        await west.connection.close()
        try await installation.page.run("When a primary is lost")
        west = try await installation.site("west_writer")
        #expect(
            try await west.text("SELECT count(*) FROM hazecast.forecast_ledger") == "5", "the standby was synchronous")
        for hour in [2, 3] {
            for station in [roof, yard] { try await west.write(station, noon.advanced(by: hour)) }
            try await east.write(east1, noon.advanced(by: hour))
            try await areIssued(west, 2, at: noon.advanced(by: hour))
            if hour == 2 { try await installation.page.run("When a primary is lost", 1) }
        }
        // Partitions that are made later are gathered, too.
        try await west.run(
            """
            DO $$ BEGIN EXECUTE format('DROP TABLE hazecast.forecast_ledger_%s_12', extract(year FROM now()) + 2); END $$;
            SELECT hazecast.maintain_partitions();
            INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
            SELECT \(roof), hazecast.partitions_end('hazecast.forecast_ledger') - interval '1 day', 1, 1, pm25, 1
            FROM hazecast.forecast_ledger LIMIT 1;
            """)

        for table in ["station", "reading", "forecast_ledger"] {
            let rows = "SELECT t::text FROM hazecast.\(table) AS t"
            try await eventually(within: .seconds(60)) {
                try await Set(lines(rows, all)) == Set(lines(rows, west) + lines(rows, east))
            }
        }
        #expect(try await lines("SELECT digest::text FROM hazecast.forecast_ledger", all).count == 13)
        #expect(try await all.text("SELECT count(*) FROM hazecast.model WHERE name = 'run-1'") == "2")
        for station in ["roof", "yard", "quay"] {
            let latest = try await all.latest(station)
            #expect(latest?.origin == noon.advanced(by: 3))
            #expect(latest?.pm25 == (try await (station == "quay" ? east : west).latest(station)?.pm25))
        }
        for site in [all, west, east] { await site.connection.close() }
    }

    private static func lines(_ sql: String, _ site: Site) async throws -> [String] {
        try await site.connection.query(sql).map { try $0.decode(String.self, at: 0) }
    }
}
