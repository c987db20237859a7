import Forecast
import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// Training under the daemon: the built binary, a real server, real readings that end now.
@Suite(.enabled(if: dataDirectory != nil)) struct RetrainingTests {
    /// A station with the last hours of a real one, moved by whole days so that they end today.
    private func addStation(_ name: String, hours: Int, to site: Site) async throws {
        try await site.write(site.addStation(name), RealReadings.recent(hours))
    }

    /// Waits for a run's end.
    private func end(of run: Int, on site: Site) async throws -> (state: String, decision: String) {
        var row: (state: String, decision: String)?
        try await eventually(within: .seconds(240)) {
            let rows = try await site.connection.query(
                "SELECT state, decision FROM hazecast.training_run WHERE id = $1 AND finished_at IS NOT NULL",
                [Int32(run)])
            row = try rows.first.map { (try $0.decode(String.self, at: 0), try $0.decode(String.self, at: 1)) }
            return row != nil
        }
        return try #require(row)
    }

    private func isRunning(_ site: Site) async throws -> Bool {
        try await site.text("SELECT count(*) FROM hazecast.training_run WHERE state = 'running' AND progress > 0")
            == "1"
    }

    /// Processes that train for a run of this database.
    private func trainers(of site: Site) async throws -> Int {
        let count = try await site.text(
            """
            SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hazecast trainer'
                AND datname = current_database()
            """)
        return Int(count ?? "") ?? -1
    }

    @Test func aRunComparesChampionAndChallengerAndTheWinnerServes() async throws {
        try await Site.with { site in
            // A champion that challengers beat by far: this is about what a run does, not about how good it is.
            try await site.run("SELECT hazecast.promote('chapter')")
            try await addStation("roof", hours: 26_000, to: site)
            try await site.write(site.addStation("new"), RealReadings.recent(60 * 24, of: "Dongsi"))
            let daemon = try site.daemon("--log-level", "debug")
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof") != nil }
            #expect(try await site.text("SELECT hazecast.request_retrain()") == "(1,accepted)")
            #expect(try await site.text("SELECT hazecast.request_retrain('again')") == "(1,joined)")
            let (state, decision) = try await end(of: 1, on: site)
            #expect(state == "promoted", "\(decision)")
            #expect(
                try await site.text(
                    """
                    SELECT bool_and(challenger_skill >= champion_skill + 0.01 AND challenger_skill > 0
                        AND persistence_rmse > champion_rmse * 0.5 AND challenger_rmse < persistence_rmse
                        AND why = 'SQL' AND started_at <= finished_at AND progress = 1)
                    FROM hazecast.training_run
                    """) == "true")
            // One station by itself, the other in the pool; every lead scored often enough.
            #expect(
                try await site.text(
                    """
                    SELECT string_agg(concat_ws(' ', coalesce(s.name, 'pool'), stations,
                        m.name = CASE WHEN s.id IS NULL THEN 'run-1' ELSE 'run-1-roof' END
                            AND p.name IN ('world', 'operational') OR m.name = 'world'), ', ' ORDER BY s.name)
                    FROM hazecast.training_result AS r LEFT JOIN hazecast.station AS s ON s.id = station_id
                    JOIN hazecast.model AS m ON m.id = challenger_id LEFT JOIN hazecast.model AS p ON p.id = m.parent_id
                    """) == "roof 1 t, pool 1 t")
            #expect(
                try await site.text(
                    """
                    SELECT bool_and(origins = ARRAY(SELECT unnest(origins)) AND 200 <= ALL (origins)
                        AND cardinality(challenger_rmse) = 6 AND held_out_until - held_out_from = interval '21 days'
                        AND held_out_until = date_trunc('hour', held_out_until) AND held_out_until <= now())
                    FROM hazecast.training_result
                    """) == "true")
            // Never trained on: the challenger's own file says what it has seen.
            #expect(
                try await site.text(
                    """
                    SELECT bool_and((training ->> 'last_hour')::timestamptz < held_out_from)
                    FROM hazecast.training_result JOIN hazecast.model ON model.id = challenger_id
                    """) == "true")
            #expect(
                try await site.text(
                    "SELECT verdict FROM hazecast.training_result WHERE station_id IS NOT NULL") == "promoted")
            // The next forecast is the winner's.
            let next = try #require(try await site.latest("roof")?.origin).advanced(by: 1)
            try await site.write(1, next, RealReadings.last)
            try await eventually { try await site.latest("roof")?.origin == next }
            #expect(
                try await site.text("SELECT DISTINCT model FROM hazecast.latest_forecast WHERE station = 'roof'")
                    == "run-1-roof")
            #expect(
                try await site.text(
                    """
                    SELECT name = 'run-1-roof' AND previous_model_id IS NULL AND activation.reason = 'training run 1'
                    FROM hazecast.activation JOIN hazecast.model ON model.id = model_id WHERE station_id = 1
                    """
                ) == "true")
            try await eventually { daemon.standardError.contains("training promoted") }
        }
    }

    @Test func theReadingsOfAnotherStationPromoteNobody() async throws {
        try await Site.with { site in
            let own = try RealReadings.recent(26_000)
            let other = try RealReadings.recent(26_000, of: "Gucheng")
            var poisoned = own
            for hour in own.measures.count - 720..<own.measures.count {
                poisoned.measures[hour].pm25 = other.measures[hour].pm25
            }
            try await site.write(site.addStation("roof"), poisoned)
            try await site.write(site.addStation("yard"), other)
            let output = try await Executable.hazecast.run(
                ["train", "--activate", "--database", site.conninfo], deadline: .seconds(300))
            #expect(output.status == 0, "\(output.standardError)")
            #expect(output.standardError.hasPrefix("training run 1 inconclusive"), "\(output.standardError)")
            #expect(output.standardOutput.contains("\"progress\":"))
            #expect(
                try await site.text(
                    """
                    SELECT string_agg(verdict || ': ' || reason, '; ' ORDER BY station_id) FROM hazecast.training_result
                    """) == """
                        inconclusive: in the last 21 days the station has the readings of 'yard'; \
                        inconclusive: in the last 21 days the station has the readings of 'roof'
                        """)
            #expect(try await site.text("SELECT count(*) FROM hazecast.active_model") == "1")
        }
    }

    /// The other station is not in this database: the weeks before the last ones tell.
    @Test func theReadingsOfAStationThatNobodyKnowsPromoteNobody() async throws {
        try await Site.with { site in
            try await site.run("SELECT hazecast.promote('chapter')")
            let own = try RealReadings.recent(26_000)
            try await site.write(site.addStation("roof"), own)
            func train() async throws -> String {
                try await Executable.hazecast.run(
                    ["train", "--activate", "--database", site.conninfo], deadline: .seconds(300)
                ).standardError
            }
            #expect(try await train().hasPrefix("training run 1 promoted"))
            var foreign = try RealReadings.recent(720, of: "Gucheng")
            for hour in foreign.measures.indices {
                let row = own.measures.count - 720 + hour
                let pm25 = foreign.measures[hour].pm25
                foreign.measures[hour] = own.measures[row]
                foreign.measures[hour].pm25 = pm25
            }
            try await site.connection.query(
                "DELETE FROM hazecast.reading WHERE observed_at >= $1", [foreign.start.timestamp])
            try await site.write(1, foreign)
            let output = try await train()
            #expect(!output.contains("promoted"), "\(output)")
            #expect(try await site.text("SELECT count(*) FROM hazecast.activation WHERE station_id = 1") == "1")
        }
    }

    @Test func aRunGoesOnWhereTheOneBeforeWasCutOff() async throws {
        try await Site.with { site in
            try await addStation("a", hours: 100 * 24, to: site)
            for name in ["b", "c"] {
                try await site.write(
                    site.addStation(name), RealReadings.recent(26_000, of: name == "b" ? "Dongsi" : "Gucheng"))
            }
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("c") != nil }
            try await site.run("SELECT hazecast.request_retrain()")
            try await eventually(within: .seconds(60)) {
                try await site.text("SELECT count(*) FROM hazecast.training_result") != "0"
            }
            kill(try #require(children(of: daemon.id).first), SIGKILL)
            #expect(try await end(of: 1, on: site).state == "failed")
            let done = try await site.text("SELECT count(*) FROM hazecast.training_result")
            #expect(done == "1" || done == "2")
            #expect(try await site.text("SELECT count(*) FROM hazecast.active_model") == "1")
            try await site.run("SELECT hazecast.request_retrain()")
            #expect(try await end(of: 2, on: site).state != "failed")
            #expect(
                try await site.text(
                    """
                    SELECT count(*) || ' of ' || (SELECT count(*) FROM hazecast.training_result WHERE run_id = 2)
                    FROM hazecast.training_result AS r JOIN hazecast.training_run AS run ON run.id = r.run_id
                    WHERE r.run_id = 2 AND r.recorded_at < run.started_at
                    """) == "\(done ?? "") of 3")
            // What the first had trained, and not another one like it.
            #expect(
                try await site.text(
                    """
                    SELECT bool_and(two.challenger_id = one.challenger_id) FROM hazecast.training_result AS one
                    JOIN hazecast.training_result AS two USING (station_id) WHERE one.run_id = 1 AND two.run_id = 2
                    """) == "true")
        }
    }

    @Test func interruptedByHandItIsCancelled() async throws {
        try await Site.with { site in
            try await addStation("roof", hours: 26_000, to: site)
            let training = try Executable.hazecast.start(["train", "--activate", "--database", site.conninfo])
            defer { training.signal(SIGKILL) }
            try await eventually { try await isRunning(site) }
            let second = try await Executable.hazecast.run(["train", "--activate", "--database", site.conninfo])
            #expect(second.status == 1 && second.standardError.contains("another training run goes on"))
            training.signal(SIGINT)
            #expect(try await withDeadline(.seconds(20)) { await training.end() }.status == 130)
            #expect(try await end(of: 1, on: site).state == "cancelled")
        }
    }

    @Test func aKilledTrainerLeavesARecordAndTheOldModel() async throws {
        try await Site.with { site in
            try await addStation("roof", hours: 26_000, to: site)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof") != nil }
            try await site.run("SELECT hazecast.request_retrain()")
            try await eventually { try await isRunning(site) }
            let trainer = try #require(children(of: daemon.id).first)
            // SCHED_IDLE, nice, in a session of its own: only then does the kernel put everybody else first.
            #expect(try fields(of: trainer, [19, 6, 41]) == [19, Int(trainer), 5])
            let group = try? String(contentsOfFile: "/proc/\(trainer)/autogroup", encoding: .utf8)
            #expect(group?.hasSuffix("nice 19\n") ?? true, "\(group ?? "")")
            kill(trainer, SIGKILL)
            let (state, decision) = try await end(of: 1, on: site)
            #expect(state == "failed" && decision.contains("killed by signal 9"), "\(decision)")
            #expect(try await site.text("SELECT count(*) FROM hazecast.model WHERE id > 3") == "0")
            #expect(try await site.text("SELECT hazecast.request_retrain()") == "(2,accepted)")
            try await eventually { try await isRunning(site) }
            // Stopped in mid-training: at once, nobody left behind, and said so.
            let began = ContinuousClock.now
            daemon.signal(SIGTERM)
            let output = try await withDeadline(.seconds(5)) { await daemon.end() }
            #expect(output.status == 0 && ContinuousClock.now - began < .seconds(5).patient)
            let cancelled = try await end(of: 2, on: site)
            #expect(cancelled.state == "cancelled" && cancelled.decision == "the service was stopped")
            try await eventually(within: .seconds(5)) { try await trainers(of: site) == 0 }
        }
    }

    @Test func aKilledDaemonTakesItsTrainerAlongAndTheNextOneSaysSo() async throws {
        try await Site.with { site in
            try await addStation("roof", hours: 26_000, to: site)
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof") != nil }
            try await site.run("SELECT hazecast.request_retrain()")
            try await eventually { try await isRunning(site) }
            daemon.signal(SIGKILL)
            try await eventually(within: .seconds(5)) { try await trainers(of: site) == 0 }
            #expect(try await site.text("SELECT state FROM hazecast.training_run") == "running")
            let next = try site.daemon()
            defer { next.signal(SIGKILL) }
            let (state, decision) = try await end(of: 1, on: site)
            #expect(state == "failed" && decision.contains("gone without a word"), "\(decision)")
        }
    }

    @Test func aTrainerWithoutMemoryFailsAlone() async throws {
        try await Site.with { site in
            try await addStation("roof", hours: 26_000, to: site)
            let daemon = try Executable.hazecast.start(
                ["run", "--database", site.conninfo], environment: ["HAZECAST_RETRAIN_MEMORY": "80 MiB"])
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof") != nil }
            try await site.run("SELECT hazecast.request_retrain()")
            let (state, decision) = try await end(of: 1, on: site)
            #expect(state == "failed" && decision.contains("80 MiB (retrain.memory)"), "\(decision)")
            let next = try #require(try await site.latest("roof")?.origin).advanced(by: 1)
            try await site.write(1, next, RealReadings.last)
            try await eventually { try await site.latest("roof")?.origin == next }
        }
    }

    @Test func aRunIsDueByTheDatabasesClock() async throws {
        try await Site.with { site in
            let off = try Executable.hazecast.start(
                ["run", "--database", site.conninfo], environment: ["HAZECAST_RETRAIN_EVERY": "off"])
            defer { off.signal(SIGKILL) }
            #expect(await off.hasWritten(toStandardError: "serving"))
            try await site.run("UPDATE hazecast.schema_file SET applied_at = now() - interval '7 days 1 second'")
            off.signal(SIGTERM)
            _ = try await withDeadline(.seconds(5)) { await off.end() }
            #expect(try await site.text("SELECT count(*) FROM hazecast.training_run") == "0")
            // Seven days after the schema was made, which no restart changes; then seven days after the last run.
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            _ = try await end(of: 1, on: site)
            #expect(
                try await site.text("SELECT why || ' ' || state FROM hazecast.training_run") == "schedule inconclusive")
            daemon.signal(SIGTERM)
            _ = try await withDeadline(.seconds(5)) { await daemon.end() }
            let again = try site.daemon()
            defer { again.signal(SIGKILL) }
            #expect(await again.hasWritten(toStandardError: "serving"))
            try await site.run("SELECT hazecast.request_retrain('proof that it looked')")
            _ = try await end(of: 2, on: site)
            #expect(try await site.text("SELECT count(*) FROM hazecast.training_run") == "2")
        }
    }

    @Test func aReloadAsksForARunAndABrokenConfigurationDoesNot() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try await Site.with { site in
            func configure(_ every: String) throws {
                let quoted = site.conninfo.replacing("'", with: "''")
                try "database: '\(quoted)'\nretrain:\n  every: \(every)\n".write(
                    to: file, atomically: true, encoding: .utf8)
            }
            try configure("off")
            let daemon = try Executable.hazecast.start(["run", "--config", file.path()])
            defer { daemon.signal(SIGKILL) }
            #expect(await daemon.hasWritten(toStandardError: "serving"))
            try configure("never")
            daemon.signal(SIGHUP)
            #expect(
                await daemon.hasWritten(
                    toStandardError: "is 'never'; it may be off, or a time such as 12 hours or 7 days"))
            #expect(try await site.text("SELECT count(*) FROM hazecast.training_run") == "0")
            try configure("3 days")
            daemon.signal(SIGHUP)
            #expect(await daemon.hasWritten(toStandardError: "training accepted"))
            #expect(try await end(of: 1, on: site).state == "inconclusive")
            #expect(try await site.text("SELECT why FROM hazecast.training_run") == "reload")
        }
    }

    @Test func theDaemonsRoleIsEnoughToTrain() async throws {
        try await Site.with { site in
            try await site.run("CREATE ROLE hazecast_test_trainer LOGIN IN ROLE hazecast_daemon")
            try await addStation("roof", hours: 200 * 24, to: site)
            let daemon = try Executable.hazecast.start([
                "run", "--database", site.conninfo + " user=hazecast_test_trainer",
            ])
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("roof") != nil }
            try await site.run("SELECT hazecast.request_retrain()")
            let (state, decision) = try await end(of: 1, on: site)
            #expect(["promoted", "rejected", "inconclusive"].contains(state), "\(decision)")
            daemon.signal(SIGTERM)
            let output = try await withDeadline(.seconds(5)) { await daemon.end() }
            #expect(!output.standardError.contains("ERROR"), "\(output.standardError)")
            try await site.run("DROP OWNED BY hazecast_test_trainer; DROP ROLE hazecast_test_trainer")
        }
    }

    /// Numbers out of `/proc/PID/stat`, counted as proc(5) does.
    private func fields(of process: Int32, _ numbers: [Int]) throws -> [Int] {
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // The name in parentheses, the second one, may hold anything.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return try numbers.map { try #require(Int(fields[$0 - 2])) }
    }
}

/// Processes that a process has started.
func children(of process: Int32) -> [Int32] {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return tasks.flatMap { task in
        let text = try? String(contentsOfFile: "/proc/\(process)/task/\(task)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { Int32($0) }
    }
}

/// Real readings up to March 2016, moved by whole days so that they end within the last day. Three years of the first
/// station end with weeks that are like those before.
enum RealReadings {
    static let end = 28_700

    /// A complete hour.
    static let last = Measures(
        pm25: 40, dewPoint: -5, temperature: 4, pressure: 1021, windDirection: 90, windSpeed: 2)

    /// The last hours of a station.
    static func recent(_ hours: Int, of station: String = "Aotizhongxin") throws -> HourlySeries {
        let file = try requireDataDirectory().appending(
            path: "beijing-multisite/PRSA_Data_\(station)_20130301-20170228.csv")
        let whole = try HourlySeries.reading(file.path(), as: .named("uci-multisite")).series
        let present = UTCHour(hoursSinceEpoch: Int32(Date.now.timeIntervalSince1970 / 3600))
        let days = whole.start.advanced(by: end).distance(to: present) / 24
        return HourlySeries(
            start: whole.start.advanced(by: end - hours + days * 24), measures: Array(whole.measures[end - hours..<end])
        )
    }
}
