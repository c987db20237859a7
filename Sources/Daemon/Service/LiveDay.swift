import Forecast
import Foundation
import Ingest
import Postgres

/// One UTC day of live forecasts, as `hazecast.live_day` keeps it: how they did, and what follows.
///
/// A pure function of ledger and readings: of the station's row before, of the outcomes of the day, of the errors in the rows of the
/// last three weeks, and of the sums of the last 30 days in `hazecast.day_sums`.
struct LiveDay {
    /// Days that are caught up at most; what was missed before them is left out.
    static let mostBehind = 7
    /// Days that rows are kept.
    private static let kept = 90

    private let connection: Connection
    /// The hour that begins it.
    private let begin: UTCHour

    /// What `hazecast.live_outcomes` says of a station.
    private struct Outcomes {
        var bands: [Int32: AdaptiveBands.Outcomes] = [:]
        var errors: [Int32: LiveErrors] = [:]
        var changes: [Int32: ChangeFactors.Sums] = [:]
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
            try await DayMemory.drop(stations, before: last.advanced(by: -24 * kept), on: connection)
        }
        for (station, state) in states { models.policy[station] = state }
        return news
    }

    private func settle(
        _ stations: [Int32], _ states: inout [Int32: LivePolicy.Station], models: ActiveModels
    ) async throws -> [String] {
        let outcomes = try await outcomes(of: stations)
        let earlier = try await earlierErrors(of: stations, models: models)
        let changes = try await changeSums(of: stations, states)
        let memories = try await DayMemory(connection: connection, begin: begin).settle(
            stations.map { (station: $0, settled: states[$0]?.day) })
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
            let (errors, seen) =
                wasPersistence
                ? try await shadow(of: station, by: model, memory: before?.memory)
                : (
                    outcomes[station]?.errors[model.id] ?? LiveErrors(),
                    outcomes[station]?.changes[model.id] ?? ChangeFactors.Sums()
                )
            if before == nil, outcomes[station] == nil, memories[station] == nil { continue }
            let sum = (earlier[station] ?? LiveErrors()) + errors
            let skill = sum.skill
            let isPersistence =
                LiveVerdict.persistenceServes(skill: skill, before: wasPersistence)
                || skill == nil && sum.isNonsense
            let learnt = known == nil ? ChangeFactors.Sums() : changes[station] ?? ChangeFactors.Sums()
            let factors = ChangeFactors(sums: learnt).after(seen)
            let age = known.map { $0.since.distance(to: begin) / 24 } ?? 0
            let bands = (known?.bands ?? AdaptiveBands()).after(held, age: age)
            let after = LivePolicy.Station(
                day: begin, model: model.id, memory: memories[station], factors: factors.values,
                bands: isPersistence == wasPersistence ? bands : AdaptiveBands(),
                persistence: isPersistence ? try await persistence(of: station, before: known?.persistence) : nil,
                since: isPersistence == wasPersistence ? known?.since ?? begin : begin)
            let verdict =
                skill == nil && sum.isNonsense
                ? "\(model.name) misses by more than twice as much as persistence: persistence serves"
                : Self.verdict(skill, model: model.name, isPersistence: isPersistence)
            rows.append(Self.row(of: station, after, held, errors, factors.sums, skill: skill, verdict: verdict))
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
            SELECT station_id, model_id, lead, n, outside80, outside95, scored, model_sse, persistence_sse,
                change_product, change_square, changes
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
            var sums = outcomes[station]?.changes[issuer] ?? ChangeFactors.Sums()
            sums.products[lead - 1] = try row.decode(Double.self, at: 9)
            sums.squares[lead - 1] = try row.decode(Double.self, at: 10)
            sums.counts[lead - 1] = Double(rows.int32(index, 11))
            outcomes[station, default: Outcomes()].changes[issuer] = sums
        }
        return outcomes
    }

    /// The sums that the change factors of the rows before rest on.
    private func changeSums(
        of stations: [Int32], _ states: [Int32: LivePolicy.Station]
    ) async throws(PostgresError) -> [Int32: ChangeFactors.Sums] {
        let known = stations.filter { states[$0] != nil }
        if known.isEmpty { return [:] }
        let rows = try await connection.query(
            """
            SELECT station_id, change_products, change_squares, change_counts
            FROM unnest($1::integer[], $2::timestamptz[]) AS before (id, begins)
            JOIN hazecast.live_day ON station_id = before.id AND day = (before.begins AT TIME ZONE 'UTC')::date
            """, [known, known.compactMap { states[$0]?.day.timestamp }])
        var sums: [Int32: ChangeFactors.Sums] = [:]
        for row in rows {
            var known = ChangeFactors.Sums()
            known.products = try row.decode([Float].self, at: 1).map(Double.init)
            known.squares = try row.decode([Float].self, at: 2).map(Double.init)
            known.counts = try row.decode([Float].self, at: 3).map(Double.init)
            sums[try row.decode(Int32.self, at: 0)] = known
        }
        return sums
    }

    /// The errors of the models that serve, in the rows of the days before.
    private func earlierErrors(
        of stations: [Int32], models: ActiveModels
    ) async throws(PostgresError) -> [Int32: LiveErrors] {
        let rows = try await connection.query(
            """
            SELECT station_id, scored, model_sse, persistence_sse
            FROM hazecast.live_day JOIN hazecast.station ON station.id = station_id
            WHERE (forgotten_at IS NULL OR settled_at >= forgotten_at)
                AND (station_id, model_id) IN (SELECT * FROM unnest($1::integer[], $2::integer[]))
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
    private func shadow(
        of station: Int32, by model: ActiveModels.Served, memory: StationMemory?
    ) async throws -> (LiveErrors, ChangeFactors.Sums) {
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
        var sums = ChangeFactors.Sums()
        guard !hours.isEmpty,
            let series = try await readings(of: station, since: first.advanced(by: -StationWindow.hours))
        else { return (errors, sums) }
        var window = StationWindow(newest: series.start.advanced(by: -1))
        var windows: [Window] = []
        for measures in series.measures {
            window.advance(measures, by: .ofSingleHours)
            if window.newest >= first, let filled = Self.window(window, for: model.model, hasMemory: memory != nil) {
                windows.append(filled)
            }
        }
        let context = StationContext(longitude: series.longitude, memory: memory)
        let forecasts = model.model.forecast(windows, contexts: windows.map { _ in context })
        let observed = Set(hours)
        for (window, forecast) in zip(windows, forecasts) {
            for lead in 1...Forecast.leads where observed.contains(window.origin.advanced(by: lead)) {
                let last = window.steps[Window.length - 1].pm25
                let seen = max(0, series[window.origin.advanced(by: lead)].pm25)
                errors.add(lead: lead, model: forecast.pm25[lead - 1], persistence: last, observed: seen)
                sums.add(lead: lead, forecast: forecast.pm25[lead - 1], last: last, observed: seen)
            }
        }
        return (errors, sums)
    }

    /// The window that a model would have been given; nil where persistence would have served for want of readings.
    private static func window(
        _ readings: StationWindow, for model: Model, hasMemory: Bool
    ) -> Window? {
        guard let (window, basis) = try? GapRule.fill(readings, hasMemory: hasMemory), basis != .persistence else {
            return nil
        }
        if model.architecture.bearsGaps { return window }
        var steps = window.steps
        let isClosed = steps.withUnsafeMutableBufferPointer { steps in (try? GapRule.close(steps)) != nil }
        return isClosed ? Window(origin: window.origin, steps: steps) : nil
    }

    private static func row(
        of station: Int32, _ after: LivePolicy.Station, _ held: AdaptiveBands.Outcomes, _ errors: LiveErrors,
        _ changes: ChangeFactors.Sums, skill: Double?, verdict: String
    ) -> Statement {
        Statement(
            """
            INSERT INTO hazecast.live_day (station_id, day, model_id, n, outside80, outside95, factors80, factors95, scored,
                model_sse, persistence_sse, skill, persistence, changes, since, verdict, memory, change_factors,
                change_products, change_squares, change_counts)
            VALUES ($1, ($2 AT TIME ZONE 'UTC')::date, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                ($15 AT TIME ZONE 'UTC')::date, $16, $17, $18, $19, $20, $21)
            ON CONFLICT DO NOTHING
            """,
            [
                station, after.day.timestamp, after.model, held.n.map(Int32.init), held.outside80.map(Int32.init),
                held.outside95.map(Int32.init), after.bands.factors80, after.bands.factors95,
                errors.scored.map(Int32.init), errors.model, errors.persistence, skill, after.persistence != nil,
                after.persistence?.changes, after.since.timestamp, verdict, after.memory?.values, after.factors,
                changes.products.map { Float($0) }, changes.squares.map { Float($0) },
                changes.counts.map { Float($0) },
            ])
    }
}
