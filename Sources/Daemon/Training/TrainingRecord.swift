import Forecast
import Ingest
import Postgres

/// One row of `hazecast.training_run`, as whoever trains writes it.
///
/// Its connection holds an advisory lock from before the run is `running` to its end, so that everybody sees whether it is
/// still alive. No transaction is open between two calls.
struct TrainingRecord {
    /// How a run ends.
    enum State: String, Sendable {
        case promoted, rejected, inconclusive, failed, cancelled
    }

    /// A row of `hazecast.training_result`.
    struct Result: Sendable {
        /// nil for the stations that the default model serves.
        let station: Int32?
        /// How many stations were trained and scored on.
        let stations: Int
        /// The model that served.
        let champion: Int32
        /// The model that the challenger was trained on from.
        let parent: Int32
        let held: Range<UTCHour>
        let outcome: Contest.Outcome
    }

    /// "HazeTrai" in ASCII; `hazecast.close_lost_runs()` looks for it.
    private static let lock: Int64 = 0x4861_7A65_5472_6169

    let connection: Connection
    let id: Int32

    /// Takes a run up.
    ///
    /// - Parameters:
    ///   - run: one that waits; nil to ask for one, or to take over the one that waits.
    ///   - why: what it is asked for by.
    /// - Throws: `DaemonError.Code.training` when another one goes on, or this one no longer waits.
    static func claim(_ run: Int32?, why: String, on connection: Connection) async throws -> TrainingRecord {
        let isFree = try await connection.query("SELECT pg_try_advisory_lock($1)", [lock]).single()
        guard try isFree.decode(Bool.self, at: 0) else {
            throw DaemonError(
                .training, "another training run goes on; see: SELECT * FROM hazecast.training_run ORDER BY id DESC")
        }
        return try await connection.withTransaction {
            var id = run
            if id == nil {
                let asked = try await connection.query("SELECT training_run FROM hazecast.request_retrain($1)", [why])
                id = try asked.single().decode(Int32.self, at: 0)
            }
            let claimed = try await connection.query(
                """
                UPDATE hazecast.training_run
                SET state = 'running', started_at = clock_timestamp(), code_version = $2
                WHERE id = $1 AND state = 'waiting' RETURNING id
                """, [id, Hazecast.version])
            guard let id, !claimed.isEmpty else {
                throw DaemonError(.training, "training run \(id ?? 0) does not wait any more")
            }
            return TrainingRecord(connection: connection, id: id)
        }
    }

    /// Takes over what runs have done that were cut short a moment ago.
    ///
    /// - Returns: the stations that need not be done again; nil stands for those that the default model serves.
    func takeOver() async throws -> Set<Int32?> {
        let rows = try await connection.query(
            "SELECT nullif(station, 0) FROM hazecast.continue_run($1) AS station", [id])
        return Set(try rows.map { try $0.decode(Int32?.self, at: 0) })
    }

    /// Says how far it is.
    func update(progress: Double, phase: String) async throws {
        try await connection.query(
            "UPDATE hazecast.training_run SET progress = $2, phase = $3 WHERE id = $1", [id, Float(progress), phase])
    }

    /// Adds a challenger to the registry, and how it did.
    func add(_ result: Result) async throws {
        try await connection.withTransaction {
            let outcome = result.outcome
            var challenger: Int32?
            if let model = outcome.challenger?.model { challenger = try await register(model, parent: result.parent) }
            func known(_ skill: Double?) -> Double? { skill?.isFinite == true ? skill : nil }
            try await connection.query(
                """
                INSERT INTO hazecast.training_result (
                    run_id, station_id, verdict, reason, champion_id, challenger_id, champion_skill, challenger_skill,
                    champion_earlier_skill, challenger_earlier_skill, stations, held_out_from, held_out_until, leads,
                    origins, persistence_rmse, champion_rmse, challenger_rmse)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
                """,
                [
                    id, result.station, outcome.decision.verdict.rawValue, outcome.decision.reason, result.champion,
                    challenger, known(outcome.championSkills.last), known(outcome.challengerSkills?.last),
                    known(outcome.championSkills.earlier), known(outcome.challengerSkills?.earlier),
                    Int32(result.stations), result.held.lowerBound.timestamp, result.held.upperBound.timestamp,
                    HoldOut.leads.map { Int32($0) }, outcome.persistence.map { Int32($0.n) },
                    outcome.persistence.map(\.rmse), outcome.champion.map(\.rmse),
                    outcome.challenger?.scores.map(\.rmse),
                ])
        }
    }

    private func register(_ model: Model, parent: Int32) async throws -> Int32 {
        let added = try await connection.query(
            """
            INSERT INTO hazecast.model (name, document, parent_id, reason, code_version)
            VALUES ($1, $2::text::jsonb, $3, $4, $5) ON CONFLICT (sha256) DO NOTHING RETURNING id
            """,
            [
                model.name, String(decoding: model.json(), as: UTF8.self), parent, "training run \(id)",
                Hazecast.version,
            ])
        if let row = added.first { return try row.decode(Int32.self, at: 0) }
        return try await connection.query("SELECT id FROM hazecast.model WHERE sha256 = $1", [model.sha256])
            .single().decode(Int32.self, at: 0)
    }

    /// Makes the challengers that won serve and ends the run, in one transaction.
    ///
    /// - Returns: how it ended, and why in words.
    func finish() async throws -> (state: State, decision: String) {
        try await connection.withTransaction {
            try await connection.query("SELECT hazecast.activate_challengers($1)", [id])
            try await connection.query("SELECT hazecast.prune_challengers()", timeout: .seconds(300))
            let rows = try await connection.query(
                "SELECT verdict, reason FROM hazecast.training_result WHERE run_id = $1", [id])
            let results = try rows.map { row in
                (try row.decode(String.self, at: 0), try row.decode(String.self, at: 1))
            }
            let (state, decision) = Self.summary(of: results)
            try await connection.query(
                """
                UPDATE hazecast.training_run SET state = $2, decision = $3, progress = 1, phase = NULL,
                    finished_at = clock_timestamp(),
                    champion_skill = (SELECT avg(champion_skill) FROM hazecast.training_result WHERE run_id = $1),
                    challenger_skill = (SELECT avg(challenger_skill) FROM hazecast.training_result WHERE run_id = $1),
                    persistence_rmse = (SELECT avg(rmse) FROM hazecast.training_result, unnest(persistence_rmse) AS rmse
                        WHERE run_id = $1 AND rmse <> 'NaN'),
                    champion_rmse = (SELECT avg(rmse) FROM hazecast.training_result AS r, unnest(r.champion_rmse) AS rmse
                        WHERE run_id = $1 AND rmse <> 'NaN'),
                    challenger_rmse = (SELECT avg(rmse) FROM hazecast.training_result AS r, unnest(r.challenger_rmse) AS rmse
                        WHERE run_id = $1 AND rmse <> 'NaN')
                WHERE id = $1
                """, [id, state.rawValue, decision])
            return (state, decision)
        }
    }

    /// Ends the run without a decision; without effect when it has ended.
    static func close(_ id: Int32, as state: State, because reason: String, on connection: Connection) async throws {
        try await connection.query(
            """
            UPDATE hazecast.training_run SET state = $2, decision = $3, phase = NULL, finished_at = clock_timestamp()
            WHERE id = $1 AND state IN ('waiting', 'running')
            """, [id, state.rawValue, reason], timeout: .seconds(2))
    }

    /// What the verdicts come to: promoted if anything was, inconclusive if everything was.
    static func summary(of results: [(verdict: String, reason: String)]) -> (state: State, decision: String) {
        guard let first = results.first else { return (.inconclusive, "no station has readings to train on") }
        func count(_ verdict: Promotion.Verdict) -> Int { results.count { $0.verdict == verdict.rawValue } }
        let state: State =
            count(.promoted) > 0 ? .promoted : count(.rejected) > 0 ? .rejected : .inconclusive
        if results.count == 1 { return (state, first.reason) }
        let counts = [Promotion.Verdict.promoted, .rejected, .inconclusive].filter { count($0) > 0 }
            .map { "\(count($0)) \($0)" }
        return (state, counts.joined(separator: ", ") + "; see hazecast.training_result")
    }
}
