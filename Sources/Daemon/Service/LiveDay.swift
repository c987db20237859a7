import Forecast
import Foundation
import Ingest
import Postgres

/// One UTC day of live forecasts, as `hazecast.live_day` keeps it: how they did, and what follows.
///
/// A pure function of ledger and readings: of the station's row before, of the outcomes of the day, and of the errors in the
/// rows of the last two weeks.
struct LiveDay {
    /// Days that are caught up at most; what was missed before them is left out.
    private static let mostBehind = 7
    /// Days that rows are kept.
    private static let kept = 90

    private let connection: Connection
    /// The hour that begins it.
    private let begin: UTCHour

    /// What `hazecast.live_outcomes` says of a station.
    private struct Outcomes {
        var bands: [Int32: AdaptiveBands.Outcomes] = [:]
        var errors: [Int32: LiveErrors] = [:]
    }

    /// Settles in one transaction every day of some stations that is not settled yet, up to and with one.
    ///
    /// - Parameter models: get to know what follows once it is committed.
    /// - Returns: what a person wants to know: which stations persistence serves from now on, and which no more.
    static func settle(
        _ stations: [Int32], through last: UTCHour, on connection: Connection, models: inout ActiveModels
    ) async throws -> [String] {
        var states: [Int32: LivePolicy.Station] = [:]
        for station in stations { states[station] = models.policy[station] }
        var news: [String] = []
        let serving = models
        try await connection.withTransaction("BEGIN ISOLATION LEVEL READ COMMITTED") {
            guard try await connection.query("SELECT \(Leadership.isHeldSQL)").single().decode(Bool.self, at: 0) else {
                throw DaemonError(.lostLock, "the advisory lock of this daemon is gone; another one may be active")
            }
            func next(_ station: Int32) -> UTCHour {
                max(
                    // A station's first day is one that is over: what was issued before it was not adapted.
                    states[station].map { $0.day.advanced(by: 24) } ?? last,
                    last.advanced(by: -24 * (mostBehind - 1)))
            }
            var begin = stations.map(next).min() ?? last.advanced(by: 24)
            while begin <= last {
                let day = LiveDay(connection: connection, begin: begin)
                let due = stations.filter { next($0) <= begin }
                news += try await day.settle(due, &states, models: serving)
                begin = begin.advanced(by: 24)
            }
            try await connection.query(
                "DELETE FROM hazecast.live_day WHERE station_id = ANY($1) AND day < ($2 AT TIME ZONE 'UTC')::date",
                [stations, last.advanced(by: -24 * kept).timestamp])
        }
        for (station, state) in states { models.policy[station] = state }
        return news
    }

    private func settle(
        _ stations: [Int32], _ states: inout [Int32: LivePolicy.Station], models: ActiveModels
    ) async throws -> [String] {
        let outcomes = try await outcomes(of: stations)
        let earlier = try await earlierErrors(of: stations, models: models)
        var news: [String] = []
        var rows: [Statement] = []
        for station in stations {
            let model = models[station]
            let before = states[station]
            // Another model has its chance, whatever was said of the one before.
            let known = before.flatMap { $0.model == model.id ? $0 : nil }
            let wasPersistence = known?.persistence != nil
            let issuer = wasPersistence ? LivePolicy.persistenceID : model.id
            let held = outcomes[station]?.bands[issuer] ?? AdaptiveBands.Outcomes()
            let errors =
                wasPersistence
                ? try await shadow(of: station, by: model) : outcomes[station]?.errors[model.id] ?? LiveErrors()
            if before == nil, outcomes[station] == nil { continue }
            let skill = ((earlier[station] ?? LiveErrors()) + errors).skill
            let isPersistence = LiveVerdict.persistenceServes(skill: skill, before: wasPersistence)
            let bands = (known?.bands ?? AdaptiveBands()).after(held)
            let after = LivePolicy.Station(
                day: begin, model: model.id, bands: isPersistence == wasPersistence ? bands : AdaptiveBands(),
                persistence: isPersistence ? try await persistence(of: station, before: known?.persistence) : nil,
                since: isPersistence == wasPersistence ? known?.since ?? begin : begin)
            let verdict = Self.verdict(skill, model: model.name, isPersistence: isPersistence)
            rows.append(Self.row(of: station, after, held, errors, skill: skill, verdict: verdict))
            states[station] = after
            if isPersistence != wasPersistence {
                let name = try await connection.query("SELECT name FROM hazecast.station WHERE id = $1", [station])
                news.append("\(try name.first?.decode(String.self, at: 0) ?? "a station"): \(verdict)")
            }
        }
        try await connection.pipeline(rows)
        return news
    }

    private static func verdict(_ skill: Double?, model: String, isPersistence: Bool) -> String {
        let days = LiveVerdict.days
        let known = skill.map { "mean skill of \(model) \(String(format: "%+.2f", $0)) over \(days) days" }
        switch (isPersistence, known) {
        case (false, let known?): return "\(known): it serves"
        case (false, nil): return "\(model) serves: too few hours of the last \(days) days to judge it by"
        case (true, let known?): return "\(known): persistence serves until that is above \(LiveVerdict.enough)"
        case (true, nil):
            return "persistence serves on: too few hours of the last \(days) days to judge \(model) by"
        }
    }

    private func outcomes(of stations: [Int32]) async throws(PostgresError) -> [Int32: Outcomes] {
        let rows = try await connection.query(
            """
            SELECT station_id, model_id, lead, n, outside80, outside95, scored, model_sse, persistence_sse
            FROM hazecast.live_outcomes($1, ($2 AT TIME ZONE 'UTC')::date)
            """, [stations, begin.timestamp], timeout: .seconds(300))
        var outcomes: [Int32: Outcomes] = [:]
        for (index, row) in rows.enumerated() {
            let (station, issuer, lead) = (rows.int32(index, 0), rows.int32(index, 1), Int(rows.int32(index, 2)))
            outcomes[station, default: Outcomes()].bands[issuer, default: AdaptiveBands.Outcomes()].add(
                lead: lead, n: Int(rows.int32(index, 3)), outside80: Int(rows.int32(index, 4)),
                outside95: Int(rows.int32(index, 5)))
            outcomes[station, default: Outcomes()].errors[issuer, default: LiveErrors()].add(
                lead: lead, scored: Int(rows.int32(index, 6)), model: try row.decode(Double.self, at: 7),
                persistence: try row.decode(Double.self, at: 8))
        }
        return outcomes
    }

    /// The errors of the models that serve, in the rows of the days before.
    private func earlierErrors(
        of stations: [Int32], models: ActiveModels
    ) async throws(PostgresError) -> [Int32: LiveErrors] {
        let rows = try await connection.query(
            """
            SELECT station_id, scored, model_sse, persistence_sse FROM hazecast.live_day
            WHERE (station_id, model_id) IN (SELECT * FROM unnest($1::integer[], $2::integer[]))
                AND day >= ($3 AT TIME ZONE 'UTC')::date AND day < ($4 AT TIME ZONE 'UTC')::date
            ORDER BY station_id, day
            """,
            [
                stations, stations.map { models[$0].id }, begin.advanced(by: -24 * (LiveVerdict.days - 1)).timestamp,
                begin.timestamp,
            ])
        var errors: [Int32: LiveErrors] = [:]
        for (index, row) in rows.enumerated() {
            let scored = try row.decode([Int32].self, at: 1)
            let (model, held) = (try row.decode([Double].self, at: 2), try row.decode([Double].self, at: 3))
            for lead in 1...Forecast.leads {
                errors[rows.int32(index, 0), default: LiveErrors()].add(
                    lead: lead, scored: Int(scored[lead - 1]), model: model[lead - 1], persistence: held[lead - 1])
            }
        }
        return errors
    }

    /// The station's readings up to the end of the day, as they are now.
    private func readings(of station: Int32, since first: UTCHour) async throws -> HourlySeries? {
        try await StationHistory.series(of: station, since: first, on: connection)?.before(begin.advanced(by: 24))
    }

    private func persistence(of station: Int32, before: Persistence?) async throws -> Persistence? {
        let since = begin.advanced(by: 24 * (1 - Persistence.days))
        guard let readings = try await readings(of: station, since: since) else { return before }
        return Persistence(learntFrom: readings)
    }

    /// How a model would have done while persistence serves: its forecasts of every hour whose observation was received on the
    /// day, made anew from the readings.
    private func shadow(of station: Int32, by model: ActiveModels.Served) async throws -> LiveErrors {
        let oldest = begin.advanced(by: -48)
        let rows = try await connection.query(
            """
            SELECT observed_at FROM hazecast.observation
            WHERE station_id = $1 AND observed_at >= $2 AND observed_at < $3 AND received_at >= $4 AND received_at < $3
            ORDER BY observed_at
            """, [station, oldest.timestamp, begin.advanced(by: 24).timestamp, begin.timestamp])
        let hours = (0..<rows.count).map { UTCHour(timestamp: rows.int64($0, 0)) }
        let first = oldest.advanced(by: -Forecast.leads)
        var errors = LiveErrors()
        guard !hours.isEmpty,
            let series = try await readings(of: station, since: first.advanced(by: -StationWindow.hours))
        else { return errors }
        var window = StationWindow(newest: series.start.advanced(by: -1))
        var windows: [Window] = []
        for measures in series.measures {
            window.advance(measures, by: .ofSingleHours)
            if window.newest >= first, let filled = try? GapRule.fill(window) { windows.append(filled) }
        }
        let forecasts = model.model.forecast(windows, contexts: windows.map { _ in StationContext(longitude: series.longitude) })
        let observed = Set(hours)
        for (window, forecast) in zip(windows, forecasts) {
            for lead in 1...Forecast.leads where observed.contains(window.origin.advanced(by: lead)) {
                errors.add(
                    lead: lead, model: forecast.pm25[lead - 1], persistence: window.steps[Window.length - 1].pm25,
                    observed: series[window.origin.advanced(by: lead)].pm25)
            }
        }
        return errors
    }

    private static func row(
        of station: Int32, _ after: LivePolicy.Station, _ held: AdaptiveBands.Outcomes, _ errors: LiveErrors,
        skill: Double?, verdict: String
    ) -> Statement {
        Statement(
            """
            INSERT INTO hazecast.live_day (station_id, day, model_id, n, outside80, outside95, factors80, factors95, scored,
                model_sse, persistence_sse, skill, persistence, changes, since, verdict)
            VALUES ($1, ($2 AT TIME ZONE 'UTC')::date, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                ($15 AT TIME ZONE 'UTC')::date, $16)
            """,
            [
                station, after.day.timestamp, after.model, held.n.map(Int32.init), held.outside80.map(Int32.init),
                held.outside95.map(Int32.init), after.bands.factors80, after.bands.factors95,
                errors.scored.map(Int32.init), errors.model, errors.persistence, skill, after.persistence != nil,
                after.persistence?.changes, after.since.timestamp, verdict,
            ])
    }
}
