import Foundation
import TestSupport

/// What has to be true when the faults are over.
extension World {
    /// Waits until the daemon has considered every reading: its claim of an arrival commits with the forecasts.
    ///
    /// - Parameter end: of the faults; nil where there were none, and a step may take its time.
    func settled(_ writer: Writer, after end: ContinuousClock.Instant? = nil, since mark: Mark? = nil) async throws {
        let began = ContinuousClock.now
        var limit = Self.patience
        while try await writer.text(
            """
            SELECT NOT EXISTS (SELECT FROM hazecast.arrival)
                AND NOT EXISTS (SELECT FROM hazecast.status WHERE kind = 'station' AND reason = 'not forecast yet')
            """) != "true"
        {
            if let mark { limit = max(Self.promise, announced(since: mark)) + slack }
            if ContinuousClock.now > (end ?? began) + limit {
                throw Failure("readings are not considered \(limit) after the faults stopped")
            }
            if writer === self.writer { try reviveDaemons() }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The whole ledger of the replay's stations, every column of it but for when things were issued; a model by its name,
    /// for its number depends on which others were there before it.
    func ledger(_ writer: Writer) async throws -> [String] {
        try await writer.lines(
            """
            SELECT concat(m.name, ' ', to_jsonb(l) - 'issued_at' - 'model_id')
            FROM hazecast.forecast_ledger AS l JOIN hazecast.model AS m ON m.id = l.model_id
            WHERE l.station_id <= \(stationIDs) ORDER BY l.station_id, l.origin, l.revision
            """)
    }

    func check(against undisturbed: [String]) async throws {
        try reviveDaemons()
        try await settled(writer)
        try await isTrue("NOT EXISTS (SELECT FROM hazecast.training_run WHERE state IN ('waiting', 'running'))")
        let failed = try await writer.text("SELECT count(*) FROM hazecast.training_run WHERE state = 'failed'")
        if let failed = failed.flatMap({ Int($0) }), failed > 0 { findings.saw(.trainerMemory, times: failed) }
        let doubled = try await writer.lines(
            """
            SELECT concat('station ', station_id, ', ', origin) FROM hazecast.forecast_ledger
            GROUP BY station_id, origin HAVING max(revision) <> count(*) OR min(revision) <> 1
            UNION ALL
            SELECT concat('station ', station_id, ', ', origin, ' revision ', revision) FROM (
                SELECT *, lag(digest) OVER (PARTITION BY station_id, origin ORDER BY revision) AS before
                FROM hazecast.forecast_ledger) AS l
            WHERE digest = before
            """)
        guard doubled.isEmpty else { throw Failure("issued twice: \(doubled.prefix(5))") }
        let ledger = try await ledger(writer)
        guard ledger == undisturbed else {
            func few(_ rows: Set<String>) -> String {
                rows.map { row in
                    let key =
                        [row.prefix { $0 != "{" }]
                        + row.matches(of: /"(origin|revision|station_id|digest|settled_day)": [^,}]*/).map(\.output.0)
                    return key.joined(separator: " ")
                }
                .sorted().prefix(3).joined(separator: "; ")
            }
            let missing = Set(undisturbed).subtracting(ledger)
            let surplus = Set(ledger).subtracting(undisturbed)
            throw Failure(
                "the ledger is not that of an undisturbed run: \(ledger.count) rows instead of \(undisturbed.count); "
                    + "\(missing.count) missing: \(few(missing)); \(surplus.count) surplus: \(few(surplus))")
        }
        guard let before = footprint else { return }
        let after = try await measure()
        say("footprint before: \(before); after: \(after)")
        guard after.descriptors == before.descriptors, after.connections == before.connections,
            after.kibibytes <= before.kibibytes * 5 / 4 + 8_192
        else { throw Failure("not back where it was: \(before) before, \(after) after") }
    }

    /// What the daemon takes, once it has its connection, and neither a trainer nor a probe has one.
    func measure() async throws -> Footprint {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let names = try await writer.lines(
                "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'hazecast%' ORDER BY 1")
            guard let daemon = daemons.first else { throw Failure("no daemon") }
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.id)/fd"))?.count
            let status = (try? String(contentsOfFile: "/proc/\(daemon.id)/status", encoding: .utf8)) ?? ""
            let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
                .flatMap { Int($0.split(whereSeparator: \.isWhitespace)[1]) }
            let now = Footprint(kibibytes: resident ?? 0, descriptors: descriptors ?? 0, connections: names.count)
            let isQuiet = names == ["hazecast"]
            if isQuiet, footprint.map({ $0.descriptors == now.descriptors }) ?? true { return now }
            if ContinuousClock.now > deadline {
                say("connections: \(names)")
                return now
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
