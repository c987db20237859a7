import Foundation
import Forecast
import Postgres
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

/// The shipped unit under a real systemd, with a real PostgreSQL that lets the service in by peer authentication.
@Suite(
    .serialized,
    .enabled(if: SystemdMachine.isPossible, "a systemd of one's own needs root, and systemd installed"))
struct SystemdTests {
    /// A station with enough readings for a forecast.
    private func station(_ site: Site, _ name: String = "roof") async throws -> Int32 {
        let station = try await site.addStation(name)
        try await site.write(station, noon.advanced(by: -29)...noon)
        return station
    }

    private func eventuallyServes(_ site: Site, _ origin: UTCHour, _ station: String = "roof") async throws {
        try await eventually(within: .seconds(60)) { try await site.latest(station)?.origin == origin }
    }

    @Test func theUnitIsVerifiedAndSealedOff() async throws {
        try await Host.with { host, _ in
            for unit in ["hazecast.service", "hazecast@roof.service"] {
                let verified = try await host.run("systemd-analyze verify --man=no \(unit)")
                #expect(verified.status == 0)
                #expect(verified.standardOutput + verified.standardError == "")
            }
            let exposure = try await host.run(
                "systemd-analyze security --offline=true --threshold=13 --no-pager /usr/lib/systemd/system/hazecast.service"
            )
            #expect(exposure.status == 0, "\(exposure.standardOutput)")
        }
    }

    @Test func startedItIsActiveAndForecasts() async throws {
        try await Host.with { host, site in
            let roof = try await station(site)
            try await host.succeed("systemctl start hazecast")
            #expect(try await host.property("ActiveState") == "active")
            #expect(try await host.property("SubState") == "running")
            try await eventuallyServes(site, noon)
            try await eventually {
                try await host.succeed("systemctl status hazecast").contains(
                    "Status: \"serving 1 stations with \(try await site.servingModel()), newest origin \(noon)\"")
            }
            try await site.write(roof, noon.advanced(by: 1))
            try await eventuallyServes(site, noon.advanced(by: 1))
            #expect(
                try await site.text(
                    "SELECT string_agg(DISTINCT usename, ' ') FROM pg_stat_activity WHERE application_name LIKE 'hazecast%'"
                ) == "hazecast")
            let doctor = try await host.succeed("runuser -u hazecast -- hazecast doctor")
            #expect(doctor.contains("warning  systemd"), "\(doctor)")
            #expect(!doctor.contains("failure"), "\(doctor)")
        }
    }

    @Test func whatItLogsHasFieldsInTheJournal() async throws {
        try await Host.with { host, site in
            let roof = try await station(site)
            try await site.write(roof, noon.advanced(by: 30))
            let porch = try await station(site, "porch")
            #expect(porch != roof)
            try await host.succeed("systemctl start hazecast")
            try await eventuallyServes(site, noon, "porch")
            func field(_ name: String, _ filter: String) async throws -> Set<String> {
                let lines = try await host.succeed(
                    "journalctl --sync; journalctl -u hazecast -o cat --output-fields=\(name) \(filter)")
                return Set(lines.split(separator: "\n").map(String.init))
            }
            try await eventually { try await field("HAZECAST_STATION", "").contains("roof") }
            #expect(try await field("HAZECAST_ORIGIN", "HAZECAST_STATION=roof").contains("\(noon.advanced(by: 30))"))
            #expect(try await field("HAZECAST_ORIGIN", "PRIORITY=6").contains("\(noon)"))
            #expect(try await field("HAZECAST_MODEL", "PRIORITY=6").contains(try await site.servingModel()))
            #expect(try await field("HAZECAST_DURATION_MS", "").contains { Double($0) != nil })
            try await site.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hazecast'")
            try await eventually { try await field("HAZECAST_SQLSTATE", "PRIORITY=3").contains("57P01") }
        }
    }

    @Test func reloadReturnsAtOnceWithTheAnswer() async throws {
        try await Host.with { host, site in
            _ = try await station(site)
            try await host.succeed("systemctl start hazecast")
            let process = try await host.property("MainPID")
            var fastest = Duration.seconds(60)
            for number in 1...5 {
                let began = ContinuousClock.now
                try await host.succeed("systemctl reload hazecast")
                fastest = min(fastest, .now - began)
                // The answer was there before systemctl returned.
                let answers = try await host.journal().components(separatedBy: "\nconfiguration reloaded").count - 1
                #expect(answers >= number)
                #expect(try await host.property("ActiveState") == "active")
            }
            #expect(fastest < .seconds(2).patient)
            #expect(try await host.property("MainPID") == process)
            #expect(try await host.property("NRestarts") == "0")
        }
    }

    @Test func aBrokenConfigurationFailsTheReloadAndChangesNothing() async throws {
        try await Host.with { host, site in
            let roof = try await station(site)
            try await host.succeed("systemctl start hazecast")
            let process = try await host.property("MainPID")
            try await host.configure("database: dbname=hazecast\ncolour: red\n")
            #expect(try await host.run("systemctl reload hazecast").status != 0)
            #expect(try await host.journal().contains("hazecast.yaml, line 2: unknown key 'colour'"))
            #expect(try await host.property("ActiveState") == "active")
            #expect(try await host.property("MainPID") == process)
            try await site.write(roof, noon.advanced(by: 1))
            try await eventuallyServes(site, noon.advanced(by: 1))
        }
    }

    @Test func aConfigurationThatCannotBeUsedFailsTheStartOnce() async throws {
        try await Host.with { host, _ in
            try await host.configure("log: {level: loud}\n")
            #expect(try await host.run("systemctl start hazecast").status != 0)
            #expect(try await host.property("ActiveState") == "failed")
            #expect(try await host.property("ExecMainStatus") == "78")
            #expect(try await host.property("NRestarts") == "0")
            #expect(try await host.journal().contains("is 'loud'; it may be trace"))
        }
    }

    @Test func killedItIsStartedAgain() async throws {
        try await Host.with { host, site in
            let roof = try await station(site)
            try await host.succeed("systemctl start hazecast")
            try await eventuallyServes(site, noon)
            try await host.succeed("systemctl kill --signal KILL --kill-who main hazecast")
            try await site.write(roof, noon.advanced(by: 1))
            try await eventuallyServes(site, noon.advanced(by: 1))
            #expect(try await host.property("NRestarts") == "1")
            #expect(try await site.ledger().count == 2)
        }
    }

    @Test func theWatchdogStartsAStoppedDaemonAgain() async throws {
        try await Host.with { host, site in
            let roof = try await station(site)
            try await host.override("WatchdogSec=3s")
            try await host.succeed("systemctl start hazecast")
            try await eventuallyServes(site, noon)
            try await host.succeed("kill -STOP $(systemctl show hazecast --property MainPID --value)")
            try await eventually(within: .seconds(60)) { try await host.property("NRestarts") == "1" }
            try await site.write(roof, noon.advanced(by: 1))
            try await eventuallyServes(site, noon.advanced(by: 1))
            #expect(try await host.journal().contains("Watchdog timeout"))
        }
    }

    @Test func stoppedItEndsCleanlyWithinSeconds() async throws {
        try await Host.with { host, site in
            _ = try await station(site)
            for isUp in [true, false] {
                try await host.succeed("systemctl \(isUp ? "start" : "stop") database; systemctl start hazecast")
                let began = ContinuousClock.now
                try await host.succeed("systemctl stop hazecast")
                #expect(ContinuousClock.now - began < .seconds(5).patient)
                #expect(try await host.property("Result") == "success")
                #expect(try await host.property("ExecMainStatus") == "0")
            }
        }
    }

    @Test func aDatabaseThatIsAwayAtTheStartAndLaterIsWaitedFor() async throws {
        try await Host.with { host, site in
            _ = try await station(site)
            try await host.succeed("systemctl stop database; systemctl start hazecast")
            #expect(try await host.property("ActiveState") == "active")
            #expect(try await host.property("StatusText").hasPrefix("not serving since 20"))
            // Longer than the longest wait between two attempts.
            try await Task.sleep(for: Backoff.cap + .seconds(3))
            try await host.succeed("systemctl start database")
            try await eventually(within: .seconds(60)) { try await host.property("StatusText").hasPrefix("serving 1") }

            try await host.succeed("systemctl stop database")
            try await eventually { try await host.property("StatusText").hasPrefix("not serving since 20") }
            // A reload goes ahead without the database.
            try await host.succeed("systemctl reload hazecast")
            try await Task.sleep(for: .seconds(60))
            try await host.succeed("systemctl start database")
            try await eventually(within: .seconds(60)) { try await host.property("StatusText").hasPrefix("serving 1") }
            #expect(try await host.property("NRestarts") == "0")
        }
    }

    /// Readings of stations that do not exist, up to now.
    private func simulate(stations: Int = 1, days: Int, on host: Host) async throws {
        try await host.succeed(
            "runuser -u postgres -- hazecast simulate --config /etc/hazecast/hazecast.yaml --stations \(stations) --hours \(days * 24)"
        )
    }

    /// A correction of the newest reading, and its forecast.
    private func correctionIsForecast(_ site: Site) async throws {
        let revision = try #require(try await site.latest("sim-0001")).revision
        try await site.run(
            "UPDATE hazecast.reading SET pm25 = pm25 + 1 WHERE observed_at = (SELECT max(observed_at) FROM hazecast.reading)"
        )
        try await eventually { try await site.latest("sim-0001")?.revision == revision + 1 }
    }

    private func trainingBegins(_ host: Host, _ run: Int) async throws {
        try await host.succeed("systemctl reload hazecast")
        try await eventually(within: .seconds(60)) {
            try await host.property("StatusText").contains("; training run \(run): ")
        }
    }

    @Test func aReloadTrainsWhileForecastsGoOn() async throws {
        try await Host.with(deadline: .seconds(400)) { host, site in
            // Enough to be still learning when the second reload comes.
            try await simulate(stations: 8, days: 1000, on: host)
            try await host.succeed("systemctl start hazecast")
            try await eventually { try await site.latest("sim-0001") != nil }
            try await trainingBegins(host, 1)
            try await host.succeed("systemctl reload hazecast")
            #expect(try await host.journal().contains("configuration reloaded; joined the training that is under way"))
            var corrections = 0
            let end = ContinuousClock.now + .seconds(300)
            while try await site.text("SELECT count(*) FROM hazecast.training_run WHERE finished_at IS NULL") == "1" {
                try await correctionIsForecast(site)
                corrections += 1
                try #require(ContinuousClock.now < end)
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(corrections > 0)
            let run = try #require(try await site.text("SELECT t FROM hazecast.training_run AS t"))
            #expect(
                try await site.text(
                    """
                    SELECT state IN ('promoted', 'rejected', 'inconclusive') AND decision IS NOT NULL
                        AND champion_skill IS NOT NULL AND challenger_skill IS NOT NULL AND persistence_rmse IS NOT NULL
                    FROM hazecast.training_run
                    """) == "true", "\(run)")
            try await correctionIsForecast(site)
            #expect(try await host.property("NRestarts") == "0")
        }
    }

    @Test func aTrainerMayDieAndAStopDoesNotWaitForIt() async throws {
        try await Host.with(deadline: .seconds(240)) { host, site in
            try await simulate(stations: 4, days: 1000, on: host)
            try await host.succeed("systemctl start hazecast")
            try await eventually { try await site.latest("sim-0001") != nil }
            let serving = try await site.servingModel()
            func state(_ run: Int) async throws -> String? {
                try await site.text("SELECT state FROM hazecast.training_run WHERE id = \(run)")
            }
            try await trainingBegins(host, 1)
            // The unit's sandbox lets it put itself last.
            #expect(
                try await host.succeed(
                    "ps -o cls= -p $(pgrep -P $(systemctl show hazecast --property MainPID --value)) | xargs")
                    == "IDL")
            try await host.succeed("kill -KILL $(pgrep -P $(systemctl show hazecast --property MainPID --value))")
            try await eventually { try await state(1) == "failed" }
            try await correctionIsForecast(site)
            #expect(try await host.property("NRestarts") == "0")

            try await trainingBegins(host, 2)
            let began = ContinuousClock.now
            try await host.succeed("systemctl stop hazecast")
            #expect(ContinuousClock.now - began < .seconds(5).patient)
            #expect(try await host.property("Result") == "success")
            #expect(try await state(2) == "cancelled")
            #expect(try await site.servingModel() == serving)
        }
    }

    @Test func aTrainerWithoutMemoryLeavesARecordAndTheOldModel() async throws {
        try await Host.with { host, site in
            try await simulate(days: 400, on: host)
            try await host.configure(
                """
                database: host=/run/postgresql port=\(host.port) dbname=hazecast
                retrain:
                  memory: 48 MiB

                """)
            try await host.succeed("systemctl start hazecast")
            try await eventually { try await site.latest("sim-0001") != nil }
            let serving = try await site.servingModel()
            try await host.succeed("systemctl reload hazecast")
            try await eventually(within: .seconds(60)) {
                try await site.text("SELECT state FROM hazecast.training_run") == "failed"
            }
            let decision = try await site.text("SELECT decision FROM hazecast.training_run") ?? ""
            #expect(decision.contains("it may use 48 MiB (retrain.memory)"), "\(decision)")
            #expect(try await site.text("SELECT count(*) FROM hazecast.model WHERE parent_id IS NOT NULL") == "0")
            #expect(try await site.servingModel() == serving)
            try await correctionIsForecast(site)
            #expect(try await host.property("NRestarts") == "0")
            try await eventually { try await host.property("StatusText").hasPrefix("serving 1") }
        }
    }

    /// A loop that waits for a lock is at work, however long before its deadline the watchdog would have ended it.
    @Test func theWatchdogLeavesALoopAloneThatWaitsForALock() async throws {
        try await Host.with { host, site in
            let roof = try await station(site)
            try await host.override("WatchdogSec=3s")
            try await host.succeed("systemctl start hazecast")
            try await eventuallyServes(site, noon)
            try await site.write(roof, noon.advanced(by: 1))
            try await eventuallyServes(site, noon.advanced(by: 1))
            try await site.run("BEGIN; LOCK TABLE hazecast.forecast_ledger IN ACCESS EXCLUSIVE MODE")
            let other = try await Connection.connect(host.conninfo(), applicationName: "test")
            try await Site(conninfo: site.conninfo, connection: other).write(roof, noon.advanced(by: 2))
            try await eventually {
                try await Site(conninfo: site.conninfo, connection: other).text(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hazecast' AND wait_event_type = 'Lock'"
                ) == "1"
            }
            // Three times what the watchdog waits for a word.
            try await Task.sleep(for: .seconds(9))
            try await site.run("COMMIT")
            try await eventuallyServes(site, noon.advanced(by: 2))
            #expect(try await host.property("NRestarts") == "0")
            await other.close()
        }
    }

    @Test func anInstanceServesAnotherDatabase() async throws {
        try await Host.with { host, _ in
            try await host.succeed(
                """
                export PGHOST=/run/postgresql PGPORT=\(host.port)
                runuser -u postgres -- createdb --template pristine roof
                """)
            try await host.configure(
                "database: host=/run/postgresql port=\(host.port) dbname=roof\n", unit: "hazecast@roof")
            try await host.succeed("systemctl start hazecast hazecast@roof && systemctl reload hazecast@roof")
            for unit in ["hazecast", "hazecast@roof"] {
                try await eventually {
                    try await host.property("StatusText", unit: unit).hasPrefix("serving 0 stations")
                }
            }
        }
    }

    @Test func aPasswordComesAsACredential() async throws {
        try await Host.with { host, site in
            _ = try await station(site)
            try await site.run("CREATE ROLE remote LOGIN PASSWORD 's3cret' IN ROLE hazecast_daemon")
            try await host.configure("database: host=127.0.0.1 port=\(host.port) dbname=hazecast user=remote\n")
            try await host.succeed(
                "(umask 077; echo s3cret >/etc/credstore/hazecast.password); systemctl start hazecast")
            try await eventuallyServes(site, noon)
            #expect(try await !host.journal().contains("s3cret"))
            try await host.succeed("systemctl stop hazecast")
            try await site.run("DROP ROLE remote")
        }
    }

    @Test func itsRoleCanDoNoMoreThanItMust() async throws {
        try await Host.with { host, site in
            _ = try await station(site)
            try await host.succeed("systemctl start hazecast")
            try await eventuallyServes(site, noon)
            try await site.run("CREATE TABLE public.secret AS SELECT 42 AS answer")
            let attempts = [
                "DROP SCHEMA hazecast CASCADE", "DROP TABLE hazecast.reading",
                "ALTER TABLE hazecast.reading ADD mine int",
                "TRUNCATE hazecast.forecast_ledger", "CREATE TABLE hazecast.mine ()", "CREATE TABLE public.mine ()",
                "CREATE SCHEMA mine", "SELECT * FROM public.secret", "SELECT * FROM pg_catalog.pg_authid",
                "UPDATE hazecast.forecast_ledger SET issued_at = now()", "DELETE FROM hazecast.forecast_ledger",
                "UPDATE hazecast.reading SET pm25 = 0", "DELETE FROM hazecast.reading", "CREATE ROLE mine",
                "COPY (SELECT 1) TO PROGRAM 'true'", "SET ROLE hazecast_writer", "SET ROLE postgres",
            ]
            for attempt in attempts {
                let output = try await host.run(
                    """
                    systemd-run --quiet --pipe --wait -p DynamicUser=yes -p User=hazecast \\
                        psql -v VERBOSITY=sqlstate -h /run/postgresql -p \(host.port) -d hazecast -c "\(attempt)"
                    """)
                #expect(output.status != 0, "\(attempt)")
                #expect(output.standardError.contains("42501"), "\(attempt): \(output.standardError)")
            }
            try await site.run("DROP TABLE public.secret")
        }
    }
}
