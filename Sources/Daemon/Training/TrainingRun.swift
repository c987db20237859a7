import Forecast
import Foundation
import Ingest
import Postgres

/// One training run: a challenger for every station with 90 days of readings, and one for all others together.
///
/// It reads each station's history in one statement and computes without a transaction on a thread of its own.
struct TrainingRun: Sendable {
    /// Hours with a pm25 from which on a station has a model of its own.
    private static let ownModel = 90 * 24
    /// Hours before the run that are read: three years say what a station is like.
    private static let history = 3 * 8766

    /// Somebody ended it.
    struct Interrupted: Error {}

    private let record: TrainingRecord
    private let gauge: TrainingGauge
    private let report: @Sendable (TrainingReport) -> Void
    private let models: ActiveModels
    /// Trained on where the champion is of a kind that cannot be.
    private let pretrained: ActiveModels.Served?
    /// The hour that contains the database's present.
    private let now: UTCHour

    /// Whom a challenger would serve.
    private struct Place {
        let station: Int32?
        let name: String
        let champion: ActiveModels.Served
        let histories: [HourlySeries]
        /// What is known against the last 21 days.
        var doubt: String?
    }

    /// Claims a run and trains.
    ///
    /// Whatever goes wrong is in its record when this throws, unless the connection was lost.
    ///
    /// - Parameters:
    ///   - run: one that waits; nil to ask for one.
    ///   - gauge: its `stop` ends the run.
    ///   - report: told once a second how far it is.
    static func run(
        _ run: Int32?, why: String, on connection: Connection, gauge: TrainingGauge,
        report: @escaping @Sendable (TrainingReport) -> Void
    ) async throws -> (run: Int32, state: TrainingRecord.State, decision: String) {
        let record = try await TrainingRecord.claim(run, why: why, on: connection)
        do {
            try await TrainingRun(record: record, gauge: gauge, report: report).work()
            let (state, decision) = try await record.finish()
            return (record.id, state, decision)
        } catch is Interrupted {
            let reason = "interrupted by whoever ran it"
            try await TrainingRecord.close(record.id, as: .cancelled, because: reason, on: connection)
            return (record.id, .cancelled, reason)
        } catch {
            try? await TrainingRecord.close(record.id, as: .failed, because: "\(error)", on: connection)
            throw error
        }
    }

    private init(
        record: TrainingRecord, gauge: TrainingGauge, report: @escaping @Sendable (TrainingReport) -> Void
    ) async throws {
        self.record = record
        self.gauge = gauge
        self.report = report
        models = try await ActiveModels.load(on: record.connection)
        pretrained = try await ActiveModels.shipped(on: record.connection).first {
            $0.model.architecture.head == .changes
        }
        let present = try await record.connection.query("SELECT clock_timestamp()").single()
        now = UTCHour(timestamp: try present.decode(PostgresTimestamp.self, at: 0).microsecondsSince2000)
    }

    private func work() async throws {
        let stations = try await record.connection.query("SELECT id, name FROM hazecast.station ORDER BY name").map {
            (id: try $0.decode(Int32.self, at: 0), name: try $0.decode(String.self, at: 1))
        }
        let twins = try await twins()
        var pool: [HourlySeries] = []
        let share = 1 / Double(stations.count + 1)
        for (index, station) in stations.enumerated() {
            if gauge.isStopped { throw Interrupted() }
            gauge.begin(station.name, at: Double(index) * share, share: share)
            let series = try await StationHistory.series(
                of: station.id, since: now.advanced(by: -Self.history), on: record.connection)
            guard let series else { continue }
            if series.measures.count(where: { !$0.pm25.isNaN }) >= Self.ownModel {
                try await compare(
                    Place(
                        station: station.id, name: "run-\(record.id)-\(station.name)", champion: models[station.id],
                        histories: [series],
                        doubt: twins[station.id].map {
                            "in the last \(Promotion.days) days the station has the readings of '\($0)'"
                        }))
            } else if twins[station.id] == nil, (try? FineTuning.check(series)) != nil {
                pool.append(series)
            }
        }
        guard !pool.isEmpty else { return }
        gauge.begin("stations with less than 90 days", at: 1 - share, share: share)
        try await compare(Place(station: nil, name: "run-\(record.id)", champion: models.fallback, histories: pool))
    }

    /// Stations that have the readings of another one in the last days, by which a wrong cable or a wrong key shows; which of
    /// the two is itself cannot be said.
    private func twins() async throws -> [Int32: String] {
        let held = HoldOut(of: [], before: now).range
        let rows = try await record.connection.query(
            """
            WITH day AS (
                SELECT station_id, date_bin('1 day', observed_at, $1) AS day,
                    md5(string_agg(concat(observed_at, pm25), ',' ORDER BY observed_at)) AS digest
                FROM hazecast.reading
                WHERE observed_at >= $1 AND observed_at < $2 AND pm25 IS NOT NULL
                GROUP BY 1, 2 HAVING stddev(pm25) > 0
            )
            SELECT day.station_id, min(station.name)
            FROM day JOIN day AS twin USING (day, digest) JOIN hazecast.station ON station.id = twin.station_id
            WHERE twin.station_id <> day.station_id
            GROUP BY day.station_id, twin.station_id HAVING count(*) > $3
            """, [held.lowerBound.timestamp, held.upperBound.timestamp, Int64(Promotion.days / 2)],
            timeout: .seconds(300))
        return try rows.reduce(into: [:]) { $0[try $1.decode(Int32.self, at: 0)] = try $1.decode(String.self, at: 1) }
    }

    /// Trains and scores, and says meanwhile how far it is.
    private func compare(_ place: Place) async throws {
        let result = try await withThrowingTaskGroup(of: TrainingRecord.Result?.self) { group in
            group.addTask { try await onThread(named: "training") { try contest(for: place) } }
            group.addTask {
                while !Task.isCancelled {
                    let reading = gauge.reading(run: record.id)
                    try await record.update(progress: reading.progress, phase: reading.phase)
                    report(reading)
                    try? await Task.sleep(for: .seconds(1))
                }
                return nil
            }
            do {
                while let ended = try await group.next() {
                    guard let ended else { continue }
                    group.cancelAll()
                    return ended
                }
            } catch {
                // The thread heeds nothing else.
                gauge.stop()
                group.cancelAll()
                throw error
            }
            throw Interrupted()
        }
        try await record.add(result)
    }

    private func contest(for place: Place) throws -> TrainingRecord.Result {
        let holdOut = HoldOut(of: place.histories, before: now)
        let canBeTrained = place.champion.model.architecture.head == .changes
        let parent = canBeTrained ? place.champion : pretrained ?? place.champion
        var plan = FineTuningPlan()
        plan.seed = UInt64(record.id)
        let contest = Contest(
            champion: place.champion.model, parent: parent.model, holdOut: holdOut, doubt: place.doubt)
        let outcome = try contest.run(name: place.name, plan: plan) { progress in
            gauge.advance(Double(progress.epoch) / Double(progress.epochs))
            return !gauge.isStopped
        }
        guard let outcome else { throw Interrupted() }
        return TrainingRecord.Result(
            station: place.station, stations: place.histories.count, champion: place.champion.id, parent: parent.id,
            held: holdOut.range, outcome: outcome)
    }
}
