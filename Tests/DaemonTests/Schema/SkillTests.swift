import Foundation
import Postgres
import TestSupport
import Testing

/// `hazecast.skill()` against sums of our own, from the ledger and the readings as they are.
@Suite(.enabled(if: ReplayedMonth.isAvailable)) struct SkillTests {
    private struct Key: Hashable {
        let station: String
        let lead: Int
    }

    private struct Pair {
        let forecast: Double
        let observed: Double
        let persistence: Double?
        let inside80: Bool?
        let inside95: Bool?
    }

    private struct Observation {
        let pm25: Float
        let receivedAt: PostgresTimestamp
    }

    private struct Issue {
        let station: String
        let origin: Int
        let revision: Int32
        let issuedAt: PostgresTimestamp
        let pm25: [Float]
        let bands: [[Float]]?
    }

    private static let hour: Int64 = 3_600_000_000

    /// Unflagged observations by station and hour.
    private func observations(_ connection: Connection) async throws -> [String: [Int: Observation]] {
        let rows = try await connection.query(
            """
            SELECT s.name, r.observed_at, r.pm25, r.received_at, EXISTS (
                SELECT FROM hazecast.reading_flag AS f
                WHERE f.station_id = r.station_id AND f.observed_at = r.observed_at AND f.measure IN ('pm25', 'observed_at'))
            FROM hazecast.reading AS r JOIN hazecast.station AS s ON s.id = r.station_id
            """)
        var found: [String: [Int: Observation]] = [:]
        for row in rows {
            guard let pm25 = try row.decode(Float?.self, at: 2), !pm25.isNaN, try !row.decode(Bool.self, at: 4) else {
                continue
            }
            let hour = Int(try row.decode(PostgresTimestamp.self, at: 1).microsecondsSince2000 / Self.hour)
            found[try row.decode(String.self, at: 0), default: [:]][hour] =
                Observation(pm25: pm25, receivedAt: try row.decode(PostgresTimestamp.self, at: 3))
        }
        return found
    }

    private func issues(_ connection: Connection) async throws -> [Issue] {
        try await connection.query(
            """
            SELECT s.name, l.origin, l.revision, l.issued_at, l.pm25, l.lower80, l.upper80, l.lower95, l.upper95
            FROM hazecast.forecast_ledger AS l JOIN hazecast.station AS s ON s.id = l.station_id
            """
        ).map { row in
            let bands = try (5...8).map { try row.decode([Float]?.self, at: $0) }
            return Issue(
                station: try row.decode(String.self, at: 0),
                origin: Int(try row.decode(PostgresTimestamp.self, at: 1).microsecondsSince2000 / Self.hour),
                revision: try row.decode(Int32.self, at: 2), issuedAt: try row.decode(PostgresTimestamp.self, at: 3),
                pm25: try row.decode([Float].self, at: 4),
                bands: bands.contains { $0 == nil } ? nil : bands.compactMap(\.self))
        }
    }

    private func pairs(_ connection: Connection, _ scored: Range<Int>) async throws -> [Key: [Pair]] {
        let observations = try await observations(connection)
        var pairs: [Key: [Pair]] = [:]
        let origins = Dictionary(grouping: try await issues(connection)) { "\($0.station) \($0.origin)" }
        for revisions in origins.values {
            let station = revisions[0].station
            let origin = revisions[0].origin
            for lead in 1...24 where scored.contains(origin + lead) {
                guard let seen = observations[station]?[origin + lead] else { continue }
                let inTime = revisions.filter { $0.issuedAt < seen.receivedAt }
                guard let last = inTime.max(by: { $0.revision < $1.revision }) else { continue }
                let held = (0...3).lazy.compactMap { observations[station]?[origin - $0] }
                    .first { $0.receivedAt <= last.issuedAt }
                func isInside(_ lower: Int, _ upper: Int) -> Bool? {
                    last.bands.map { $0[lower][lead - 1] <= seen.pm25 && seen.pm25 <= $0[upper][lead - 1] }
                }
                pairs[Key(station: station, lead: lead), default: []].append(
                    Pair(
                        forecast: Double(last.pm25[lead - 1]), observed: Double(seen.pm25),
                        persistence: held.map { Double($0.pm25) }, inside80: isInside(0, 1), inside95: isInside(2, 3)))
            }
        }
        return pairs
    }

    /// n, RMSE, MAE, bias, R², RMSE of persistence, skill, coverages; in two passes.
    private func scores(_ pairs: [Pair]) -> [Double?] {
        func mean(_ values: some Collection<Double>) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        func square(_ value: Double) -> Double { value * value }
        func share(_ values: [Bool]) -> Double? { mean(values.map { $0 ? 1 : 0 }) }
        let errors = pairs.map { $0.forecast - $0.observed }
        let average = mean(pairs.map(\.observed)) ?? 0
        let held = pairs.compactMap { pair in
            pair.persistence.map { (pair.forecast - pair.observed, $0 - pair.observed) }
        }
        let mse = mean(errors.map(square)) ?? .nan
        let spread = mean(pairs.map { square($0.observed - average) }) ?? .nan
        let heldMSE = mean(held.map { square($0.1) })
        return [
            Double(pairs.count), mse.squareRoot(), mean(errors.map(abs)), mean(errors), 1 - mse / spread,
            heldMSE?.squareRoot(),
            heldMSE.flatMap { baseline in mean(held.map { square($0.0) }).map { 1 - $0 / baseline } },
            share(pairs.compactMap(\.inside80)), share(pairs.compactMap(\.inside95)),
        ]
    }

    @Test func skillOfAReplayedMonthIsWhatTheLedgerSays() async throws {
        try await TestDatabase.withDatabase(ReplayedMonth.template) { conninfo in
            try await withDeadline(.seconds(60)) {
                let connection = try await Connection.connect(conninfo, applicationName: "skill")
                // What was flagged later counts no more, nor does it for persistence. And some forecasts were hours late: behind
                // the observation, or behind the revision after them.
                try await connection.run(
                    script: """
                        INSERT INTO hazecast.reading_flag
                        SELECT station_id, max(observed_at) - back * interval '3 days', measure, 'out_of_range'
                        FROM hazecast.reading, (VALUES (1, 'pm25'), (2, 'observed_at'), (3, 'pressure')) AS flag (back, measure)
                        GROUP BY station_id, back, measure;
                        UPDATE hazecast.forecast_ledger
                        SET issued_at = issued_at + abs(hashint8(digest + revision) % 600) * interval '1 minute'
                        WHERE revision > 1 OR digest % 3 = 0;
                        """)
                let bounds = try await connection.query("SELECT now() - interval '20 days', now() - interval '1 day'")
                    .single()
                let since = try bounds.decode(PostgresTimestamp.self, at: 0)
                let until = try bounds.decode(PostgresTimestamp.self, at: 1)
                func firstHour(from instant: PostgresTimestamp) -> Int {
                    Int((instant.microsecondsSince2000 + Self.hour - 1) / Self.hour)
                }
                let pairs = try await pairs(connection, firstHour(from: since)..<firstHour(from: until))
                #expect(Set(pairs.keys.map(\.station)) == ["Dongsi", "Changping", "Gucheng", "Guanyuan"])
                let revised = try await connection.query(
                    "SELECT count(*) FROM hazecast.forecast_ledger WHERE revision > 1"
                ).single().decode(Int64.self, at: 0)
                #expect(revised > 60, "late and corrected readings make revisions")

                let rows = try await connection.query("SELECT * FROM hazecast.skill($1, $2)", [since, until])
                #expect(rows.count == pairs.count && rows.count == 4 * 24)
                for row in rows {
                    let key = Key(
                        station: try row.decode(String.self, at: 0), lead: Int(try row.decode(Int32.self, at: 1)))
                    let expected = scores(try #require(pairs[key]))
                    let n = Double(try row.decode(Int64.self, at: 2))
                    let found = try [n] + (3...10).map { try row.decode(Double?.self, at: $0) }
                    for (column, (found, expected)) in zip(found, expected).enumerated() {
                        let difference = abs(try #require(found) - (try #require(expected)))
                        #expect(difference <= 1e-9 * max(1, abs(expected ?? 0)), "\(key) column \(column)")
                    }
                }
                let alone = try await connection.query(
                    "SELECT lead, n FROM hazecast.skill($1, $2, 'Gucheng')", [since, until])
                #expect(alone.count == 24)
                await connection.close()
                try await Self.expectPythonAgrees(conninfo)
            }
        }
    }

    /// Runs `Benchmarks/skill.py`, which computes all scores from the ledger and the readings, and compares to 1e-9.
    ///
    /// - Parameter bounds: since and until as SQL; the last 30 days, unless said.
    static func expectPythonAgrees(_ conninfo: String, _ bounds: String...) async throws {
        let script = URL(filePath: #filePath).appending(path: "../../../../Benchmarks/skill.py").standardized.path
        let output = try await Executable(path: "/usr/bin/env").run(["python3", script, conninfo] + bounds)
        #expect(output.status == 0, "\(output.standardOutput)\(output.standardError)")
        #expect(output.standardOutput.contains("greatest difference"))
    }
}
