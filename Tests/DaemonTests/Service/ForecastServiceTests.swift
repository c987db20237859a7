import Forecast
import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

/// The built binary against a real server, as its user has it.
@Suite struct ForecastServiceTests {
    @Test func anInsertChangesTheLatestForecastWithinASecond() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof")?.origin == noon }
            for hour in 1...5 {
                let began = ContinuousClock.now
                try await site.write(roof, noon.advanced(by: hour))
                try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: hour) }
                #expect(ContinuousClock.now - began < .seconds(1).patient)
            }
            // A silenced notification costs half a second at most.
            let began = ContinuousClock.now
            try await site.run("SET hazecast.notify = off")
            try await site.write(roof, noon.advanced(by: 6))
            try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: 6) }
            #expect(ContinuousClock.now - began < .seconds(1).patient)
            #expect(
                try await site.text(
                    "SELECT role || ' ' || model FROM hazecast.status WHERE kind = 'daemon'") == "active world")

            daemon.signal(SIGTERM)
            let output = try await withDeadline(.seconds(5)) { await daemon.end() }
            #expect(output.status == 0)
            #expect(try await site.text("SELECT count(*) FROM hazecast.daemon") == "0")
        }
    }

    @Test func aStandbyTakesOverWhenTheActiveDaemonIsKilled() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            let active = try site.daemon()
            defer { active.signal(SIGKILL) }
            #expect(await active.hasWritten(toStandardError: "serving"))
            let standby = try site.daemon()
            defer { standby.signal(SIGKILL) }
            #expect(await standby.hasWritten(toStandardError: "standby"))
            try await site.write(roof, noon.advanced(by: 1))
            try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: 1) }
            #expect(!standby.standardError.contains("serving"))

            let began = ContinuousClock.now
            active.signal(SIGKILL)
            try await site.write(roof, noon.advanced(by: 2))
            try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: 2) }
            #expect(ContinuousClock.now - began < .seconds(5).patient)
            #expect(try await site.ledger().count == 3)
        }
    }

    /// Real readings in lock step, the daemon killed 20 times at random instants: the ledger is that of an undisturbed run.
    @Test(.enabled(if: dataDirectory != nil))
    func killedTwentyTimesTheLedgerIsThatOfAnUndisturbedRun() async throws {
        let file = try requireDataDirectory().appending(path: "beijing-pm25-2010-2014.csv").path()
        let series = try HourlySeries.reading(file, as: .named("uci-beijing")).series
        let hours = series.hours.suffix(90)
        var random = SeededGenerator(seed: 20)
        var kills = Set<Int>()
        while kills.count < 20 { kills.insert(Int.random(in: 30..<90, using: &random)) }

        func replay(killingAt kills: Set<Int>) async throws -> [String] {
            var ledger: [String] = []
            try await Site.with { site in
                let station = try await site.addStation("beijing")
                var daemon = try site.daemon()
                defer { daemon.signal(SIGKILL) }
                for (step, hour) in hours.enumerated() {
                    try await site.write(station, hour, series[hour])
                    if kills.contains(step) {
                        try await Task.sleep(for: .microseconds(Int.random(in: 0...6_000, using: &random)))
                        daemon.signal(SIGKILL)
                        daemon = try site.daemon()
                    }
                    try await eventually {
                        try await site.text(
                            """
                            SELECT EXISTS (SELECT FROM hazecast.forecast_ledger WHERE origin = to_timestamp(\(hour.secondsSinceEpoch)))
                                OR EXISTS (SELECT FROM hazecast.station_outage WHERE origin = to_timestamp(\(hour.secondsSinceEpoch)))
                            """) == "true"
                    }
                }
                ledger = try await site.ledger()
            }
            return ledger
        }
        let undisturbed = try await replay(killingAt: [])
        #expect(undisturbed.count > 50)
        #expect(try await replay(killingAt: kills) == undisturbed)
    }

    @Test func theDatabaseMayGoAwayAndComeBack() async throws {
        try await TestServer.withOwnServer { server in
            let conninfo = server.conninfo()
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            try await Migrator.migrate(connection)
            // What was committed must survive the server's death, unlike in the other tests.
            try await connection.run(script: "ALTER DATABASE postgres SET synchronous_commit = on")
            try await connection.run(script: "SET synchronous_commit = on")
            var site = Site(conninfo: conninfo, connection: connection)
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof")?.origin == noon }

            var hour = noon
            for mode in [PrivateCluster.StopMode.fast, .immediate, .kill] {
                try await server.restart(mode)
                site = Site(
                    conninfo: conninfo, connection: try await Connection.connect(conninfo, applicationName: "test"))
                hour = hour.advanced(by: 1)
                try await site.write(roof, hour)
                try await eventually { try await site.latest("roof")?.origin == hour }
            }
            #expect(try await site.ledger().count == 4)

            // Stopping does not wait for a database that is away.
            await server.stop()
            daemon.signal(SIGTERM)
            #expect(try await withDeadline(.seconds(5)) { await daemon.end() }.status == 0)
        }
    }

    @Test func aDaemonStartedBeforeItsDatabaseWaitsForIt() async throws {
        try await TestServer.withOwnServer { server in
            let connection = try await Connection.connect(server.conninfo(), applicationName: "test")
            try await Migrator.migrate(connection)
            await connection.close()
            await server.stop()
            let daemon = try Executable.hazecast.start(["run", "--database", server.conninfo()])
            defer { daemon.signal(SIGKILL) }
            #expect(await daemon.hasWritten(toStandardError: "retry_in"))
            try await server.start()
            #expect(try await withDeadline(.seconds(15)) { await daemon.hasWritten(toStandardError: "serving") })
        }
    }

    @Test func aPromotedModelServesFromTheNextOriginOn() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof")?.origin == noon }
            let document = try #require(
                try await site.text("SELECT document FROM hazecast.model WHERE name = 'chapter'"))
            let model = try Model(json: Data(document.utf8))
            let other = try model.scaled(by: 1.5, name: "other")
            try await site.connection.query(
                "INSERT INTO hazecast.model (name, document) VALUES ('other', $1::text::jsonb)",
                [String(decoding: other.json(), as: UTF8.self)])
            // Whatever is written after promote or rollback has committed is forecast with what they chose.
            for (hour, (change, model)) in [
                ("promote('other')", "other"), ("rollback()", "world"), ("promote('other', 'roof')", "other"),
                ("rollback('roof')", "world"),
            ].enumerated() {
                try await site.run("SELECT hazecast.\(change)")
                let began = ContinuousClock.now
                let next = noon.advanced(by: hour + 1)
                try await site.write(roof, next)
                try await eventually { try await site.latest("roof")?.origin == next }
                #expect(ContinuousClock.now - began < .seconds(1).patient)
                #expect(
                    try await site.text("SELECT DISTINCT model FROM hazecast.latest_forecast") == model, "\(change)")
            }
        }
    }

    @Test func aModelThatCannotBeReadIsRefusedAndTheOldOneServesOn() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof")?.origin == noon }
            try await site.run(
                """
                INSERT INTO hazecast.model (name, document) SELECT 'damaged', jsonb_set(jsonb_set(
                    document, '{normalisation,output,scale}', '12345'), '{sha256}', to_jsonb(repeat('0', 64)))
                FROM hazecast.model WHERE name = 'chapter';
                SELECT hazecast.promote('damaged'), hazecast.promote('damaged', 'roof')
                """)
            #expect(try await withDeadline(.seconds(10)) { await daemon.hasWritten(toStandardError: "'damaged'") })
            try await site.write(roof, noon.advanced(by: 1))
            try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: 1) }
            // A daemon that knows nothing of before finds in the history what served.
            daemon.signal(SIGTERM)
            _ = try await withDeadline(.seconds(5)) { await daemon.end() }
            let next = try site.daemon()
            defer { next.signal(SIGKILL) }
            try await site.write(roof, noon.advanced(by: 2))
            try await eventually { try await site.latest("roof")?.origin == noon.advanced(by: 2) }
            #expect(
                try await site.text("SELECT string_agg(DISTINCT model, ' ') FROM hazecast.forecast")
                    == "world")
            let reason = "model 'damaged' in hazecast.model cannot be used: the model file is damaged"
            #expect(next.standardError.contains(reason) && next.standardError.contains("'world' serves instead"))
            #expect(
                try await site.text("SELECT reason FROM hazecast.status WHERE kind = 'daemon'")?.contains(reason)
                    == true)
            // With nothing readable in the history, a model that came with the binary serves.
            next.signal(SIGTERM)
            _ = try await withDeadline(.seconds(5)) { await next.end() }
            try await site.run("DELETE FROM hazecast.activation")
            let last = try site.daemon()
            defer { last.signal(SIGKILL) }
            #expect(await last.hasWritten(toStandardError: "'world' serves instead"))
        }
    }

    @Test func theDaemonNeedsNoMoreThanItsRole() async throws {
        try await Site.with { site in
            try await site.run("CREATE ROLE hazecast_test_service LOGIN IN ROLE hazecast_daemon")
            let roof = try await site.addStation("roof")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            let daemon = try Executable.hazecast.start([
                "run", "--database", site.conninfo + " user=hazecast_test_service",
            ])
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof")?.origin == noon }
            // A late reading, an absurd one, one from the future and a deletion: everything that the daemon writes about.
            var absurd = Site.measures(noon)
            absurd.pressure = -1
            try await site.write(roof, noon, absurd)
            try await eventually { try await site.text("SELECT count(*) FROM hazecast.reading_flag") == "1" }
            try await site.write(roof, noon.advanced(by: 9))
            let yard = try await site.addStation("yard")
            try await site.write(yard, noon.advanced(by: 8)...noon.advanced(by: 9))
            try await eventually { try await site.text("SELECT count(*) FROM hazecast.station_outage") == "1" }
            try await site.write(yard, noon.advanced(by: 7))
            try await eventually { try await site.text("SELECT count(*) FROM hazecast.station_outage") == "0" }
            try await site.run(
                "DELETE FROM hazecast.reading WHERE observed_at = (SELECT max(observed_at) FROM hazecast.reading)")
            try await eventually { try await site.text("SELECT count(*) FROM hazecast.station_outage") == "1" }
            daemon.signal(SIGTERM)
            let output = try await withDeadline(.seconds(5)) { await daemon.end() }
            #expect(output.status == 0)
            #expect(!output.standardError.contains("ERROR"), "\(output.standardError)")
            try await site.run("DROP ROLE hazecast_test_service")
        }
    }
}
