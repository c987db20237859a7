import Forecast
import Foundation
import Ingest
import Postgres

/// One training run: a challenger for every station with 90 days of readings, and one for all others together.
///
/// It reads each station's history in one statement and computes without a transaction, several stations at a time, each on
/// a thread of its own. Only so many histories are in memory.
struct TrainingRun: Sendable {
    /// Hours with a pm25 from which on a station has a model of its own.
    private static let ownModel = 90 * 24
    /// Hours before the run that are read: three years say what a station is like.
    private static let history = 3 * 8766

    /// Somebody ended it.
    struct Interrupted: Error {}

    private let record: TrainingRecord
    private let workers: Int
    private let gauge: TrainingGauge
    private let report: @Sendable (TrainingReport) -> Void
    private let models: ActiveModels
    /// By champion, what its challenger is trained on from: where its own line began. From champion to champion errors would
    /// add up.
    private let roots: [Int32: ActiveModels.Served]
    /// Trained on where that is of a kind that cannot be.
    private let pretrained: [ActiveModels.Served]
    /// The hour that contains the database's present.
    private let now: UTCHour

    /// Whom a challenger would serve.
    private struct Place {
        let station: Int32?
        let name: String
        /// For the gauge.
        let part: String
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
    ///   - workers: stations that are computed at a time; each takes up to 100 MB.
    ///   - gauge: its `stop` ends the run.
    ///   - report: told once a second how far it is.
    static func run(
        _ run: Int32?, why: String, on connection: Connection, workers: Int, gauge: TrainingGauge,
        report: @escaping @Sendable (TrainingReport) -> Void
    ) async throws -> (run: Int32, state: TrainingRecord.State, decision: String) {
        let record = try await TrainingRecord.claim(run, why: why, on: connection)
        do {
            try await TrainingRun(record: record, workers: workers, gauge: gauge, report: report).work()
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
        record: TrainingRecord, workers: Int, gauge: TrainingGauge,
        report: @escaping @Sendable (TrainingReport) -> Void
    ) async throws {
        self.record = record
        self.workers = workers
        self.gauge = gauge
        self.report = report
        models = try await ActiveModels.load(on: record.connection)
        roots = try await ActiveModels.roots(of: Array(models.all.keys), on: record.connection)
        pretrained = try await ActiveModels.shipped(on: record.connection).filter {
            $0.model.architecture.head != .nextHour
        }
        let present = try await record.connection.query("SELECT clock_timestamp()").single()
        now = UTCHour(timestamp: try present.decode(PostgresTimestamp.self, at: 0).microsecondsSince2000)
    }

    /// What the loop below waits for.
    private enum Event {
        case compared(TrainingRecord.Result)
        case second
    }

    private func work() async throws {
        var places = try await Places(of: self)
        gauge.begin(parts: places.count)
        try await withThrowingTaskGroup(of: Event.self) { group in
            func tick() {
                group.addTask {
                    try await Task.sleep(for: .seconds(1))
                    return .second
                }
            }
            var busy = 0
            func fill() async throws {
                while busy < workers, let place = try await places.next() {
                    busy += 1
                    group.addTask { .compared(try await onThread(named: "training") { try contest(for: place) }) }
                }
            }
            do {
                tick()
                try await fill()
                while busy > 0, let event = try await group.next() {
                    switch event {
                    case .second: tick()
                    case .compared(let result):
                        busy -= 1
                        try await record.add(result)
                        try await fill()
                    }
                    let reading = gauge.reading(run: record.id)
                    try await record.update(progress: reading.progress, phase: reading.phase)
                    report(reading)
                }
                group.cancelAll()
            } catch {
                // The threads heed nothing else.
                gauge.stop()
                group.cancelAll()
                throw error
            }
        }
    }

    /// Whom challengers are trained for, one after another: each station that has enough readings, then all others together.
    private struct Places {
        private let run: TrainingRun
        private let stations: [(id: Int32, name: String)]
        private let twins: [Int32: String]
        private let done: Set<Int32?>
        private var index = 0
        private var pool: [HourlySeries] = []

        var count: Int { stations.count + 1 }

        init(of run: TrainingRun) async throws {
            self.run = run
            stations = try await run.record.connection.query("SELECT id, name FROM hazecast.station ORDER BY name").map
            {
                (id: try $0.decode(Int32.self, at: 0), name: try $0.decode(String.self, at: 1))
            }
            twins = try await run.twins()
            done = try await run.record.takeOver()
        }

        mutating func next() async throws -> Place? {
            while index < count {
                if run.gauge.isStopped { throw Interrupted() }
                defer { index += 1 }
                if index < stations.count {
                    if let place = try await place(of: stations[index]) { return place }
                    run.gauge.end(stations[index].name)
                } else if !pool.isEmpty, !done.contains(nil) {
                    return Place(
                        station: nil, name: "run-\(run.record.id)", part: "stations with less than 90 days",
                        champion: run.models.fallback, histories: pool)
                }
            }
            return nil
        }

        /// nil for a station that is done, has no readings, or too few of its own.
        private mutating func place(of station: (id: Int32, name: String)) async throws -> Place? {
            if done.contains(station.id) { return nil }
            let series = try await StationHistory.series(
                of: station.id, since: run.now.advanced(by: -TrainingRun.history), on: run.record.connection)
            guard let series else { return nil }
            if series.measures.count(where: { !$0.pm25.isNaN }) >= TrainingRun.ownModel {
                return Place(
                    station: station.id, name: "run-\(run.record.id)-\(station.name)", part: station.name,
                    champion: run.models[station.id], histories: [series],
                    doubt: twins[station.id].map {
                        "in the last \(Promotion.days) days the station has the readings of '\($0)'"
                    })
            }
            if twins[station.id] == nil, (try? FineTuning.check(series, for: run.models.fallback.model)) != nil {
                pool.append(series)
            }
            return nil
        }
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

    private func contest(for place: Place) throws -> TrainingRecord.Result {
        let holdOut = HoldOut(of: place.histories, before: now)
        // What came with the program, and what the champion goes back to where that is another model.
        var parents = pretrained
        if let root = roots[place.champion.id], root.model.architecture.head != .nextHour,
            !parents.contains(where: { $0.id == root.id })
        {
            parents.append(root)
        }
        if parents.isEmpty { parents = [place.champion] }
        let contest = Contest(
            champion: place.champion.model, parents: parents.map(\.model), holdOut: holdOut, doubt: place.doubt)
        gauge.advance(place.part, to: 0)
        defer { gauge.end(place.part) }
        let outcome = try contest.run(name: place.name) { progress in
            gauge.advance(place.part, to: Double(progress.epoch) / Double(progress.epochs))
            return !gauge.isStopped
        }
        guard let outcome else { throw Interrupted() }
        return TrainingRecord.Result(
            station: place.station, stations: place.histories.count, champion: place.champion.id,
            parent: parents[outcome.parent].id,
            held: holdOut.range, outcome: outcome)
    }
}
