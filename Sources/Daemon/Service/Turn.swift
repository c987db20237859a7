import Forecast
import Ingest
import Postgres

/// A station whose newest reading could not be forecast.
struct Outage: Equatable {
    let station: String
    let origin: UTCHour
    let reason: String
}

/// One turn of the daemon's loop: one transaction that claims arrivals and commits the forecasts made of them.
///
/// The book is changed on the way and is worth nothing unless the transaction commits; the caller drops it when this
/// throws.
struct Turn {
    /// What a turn did.
    struct Result: Equatable {
        /// Whether there was anything to consider.
        var hadWork = false
        /// Readings that were considered.
        var readings = 0
        /// Forecasts that were issued.
        var forecasts = 0
        /// The newest origin among them.
        var newestOrigin: UTCHour?
        /// Stations whose newest reading could not be forecast, for a reason that is new, and the last of them.
        var outages = 0
        var outage: Outage?
        /// Alerts that were raised and cleared.
        var alerts = Alerts.Outcome()
        /// Why models that were made active do not serve, and what serves instead, when that is news.
        var refusal: String?
    }

    let connection: Connection
    let ledger: Ledger
    let now: UTCHour
    /// Nil where nobody wants any.
    let alerts: Alerts?

    /// Runs one transaction.
    ///
    /// - Parameters:
    ///   - book: nil when nothing is known, as at start: every station is then considered.
    ///   - models: loaded anew when others serve than those in here.
    static func run(
        on connection: Connection, book: inout StationBook?, models: inout ActiveModels?
    ) async throws -> Result {
        try await connection.withTransaction("BEGIN ISOLATION LEVEL READ COMMITTED") {
            let head = try await connection.query(
                """
                SELECT clock_timestamp(), \(Leadership.isHeldSQL), \(ActiveModels.fingerprintSQL), \(Ledger.refusesCopySQL),
                    \(Alerts.areWantedSQL)
                """
            ).single()
            guard try head.decode(Bool.self, at: 1) else {
                throw DaemonError(.lostLock, "the advisory lock of this daemon is gone; another one may be active")
            }
            let fingerprint = try head.decode(String.self, at: 2)
            let refusal = try await update(&models, to: fingerprint, on: connection)
            guard let serving = models else { preconditionFailure("update has loaded models or thrown") }
            let now = try head.decode(PostgresTimestamp.self, at: 0)
            let turn = Turn(
                connection: connection,
                ledger: Ledger(connection: connection, now: now, refusesCopy: try head.decode(Bool.self, at: 3)),
                now: UTCHour(timestamp: now.microsecondsSince2000),
                alerts: try head.decode(Bool.self, at: 4) ? Alerts(connection: connection) : nil)
            var result = try await turn.work(book: &book, models: serving)
            result.refusal = refusal
            return result
        }
    }

    /// Loads the active models anew where they have changed.
    ///
    /// - Returns: why models that were made active do not serve, and what serves instead.
    /// - Throws: the reason, where nothing can serve and nothing did before.
    private static func update(
        _ models: inout ActiveModels?, to fingerprint: String, on connection: Connection
    ) async throws -> String? {
        if models?.fingerprint == fingerprint { return nil }
        do {
            models = try await ActiveModels.load(on: connection, keeping: models)
            return models?.refusal
        } catch let error as DaemonError where models != nil {
            // Looked at again when somebody changes `hazecast.active_model` once more.
            models?.fingerprint = fingerprint
            models?.refusal = "the models before serve on: \(error)"
            return models?.refusal
        }
    }

    private func work(book: inout StationBook?, models: ActiveModels) async throws -> Result {
        let claim = try await Feed.claim(on: connection)
        var result = Result(hadWork: !claim.isEmpty)
        let isReconciling = claim.reload || book == nil
        // Taken, not copied; whatever goes wrong from here on, the caller's book is gone, as it has to be.
        let remembered = book.take()
        // A change of the rules asks for a reload, so that they need no look at any other time.
        var known: StationBook
        if !isReconciling, let remembered {
            known = remembered
        } else {
            known = StationBook(rules: try await QualityRules.load(on: connection))
        }

        var advanced: Set<Int32> = []
        let due = known.takeDue(now: now)
        var stale = due
        var flags: [ReadingFlag] = []
        if !claim.writers.isEmpty {
            try await ledger.clearFlags(of: claim.writers)
            try await Feed.readings(of: claim, on: connection) { readings in
                result.readings += readings.count
                for reading in readings {
                    switch take(reading, into: &known, flags: &flags) {
                    case .nothing: break
                    case .advanced: advanced.insert(reading.station)
                    case .reload: stale.insert(reading.station)
                    }
                }
            }
        }
        if isReconciling || !due.isEmpty { try await ledger.unflagDue(now: now) }
        try await ledger.flag(flags)
        if isReconciling {
            result.hadWork = true
            advanced = []
            stale = Set(try await WindowLoader.stations(on: connection))
        }
        let looked = isReconciling ? stale : due
        if !looked.isEmpty {
            try await WindowLoader.postponeFuture(of: looked.sorted(), into: &known, now: now, on: connection)
        }
        advanced.subtract(stale)
        for stations in advanced.sorted().chunked(WindowLoader.batch) {
            try await issue(for: stations, book: &known, models: models, result: &result)
        }
        for stations in stale.sorted().chunked(WindowLoader.batch) {
            let flags = try await WindowLoader.load(stations, into: &known, now: now, on: connection)
            let loaded = stations.compactMap { id in known.entries[id].map { (id: id, newest: $0.window.newest) } }
            try await ledger.replaceFlags(of: loaded, by: flags)
            try await issue(for: stations, book: &known, models: models, result: &result)
        }
        if !stale.isEmpty { result.hadWork = true }
        book = known
        return result
    }

    private func take(_ reading: Feed.Reading, into book: inout StationBook, flags: inout [ReadingFlag])
        -> StationBook.Effect
    {
        func flag(_ measure: String, _ flag: QualityControl.Flag) {
            flags.append(
                ReadingFlag(station: reading.station, observedAt: reading.observedAt, measure: measure, flag: flag))
        }
        var judged = reading
        QualityControl.judge(&judged, by: book.rules, report: flag)
        if let verdict = QualityControl.judge(hour: reading.hour, now: now) { flag("observed_at", verdict) }
        return book.take(station: reading.station, hour: reading.hour, measures: judged.measures, now: now) {
            flags.append(
                ReadingFlag(station: reading.station, observedAt: $0.timestamp, measure: $1, flag: $2))
        }
    }

    /// Forecasts the stations whose window differs from what the ledger's newest forecast was made of.
    private func issue(
        for stations: [Int32], book: inout StationBook, models: ActiveModels, result: inout Result
    ) async throws {
        var groups: [Int32: Group] = [:]
        var held: [Ledger.Entry] = []
        var outages: [(station: Int32, origin: UTCHour, reason: String)] = []
        var ended: [Int32] = []
        for station in stations {
            guard let entry = book.entries[station] else {
                ended.append(station)
                continue
            }
            let window: Window
            do throws(GapRule.Outage) {
                window = try GapRule.fill(entry.window)
            } catch {
                if entry.outage != error { outages.append((station, entry.window.newest, error.description)) }
                book.entries[station]?.outage = error
                continue
            }
            if entry.outage != nil { ended.append(station) }
            book.entries[station]?.outage = nil
            let digest = window.digest
            if entry.issued?.digest == digest { continue }
            book.entries[station]?.issued = StationBook.Issue(
                revision: (entry.issued?.revision ?? 0) + 1, digest: digest)
            let served = models[station]
            if let persistence = models.policy.persistence(of: station, insteadOf: served.id),
                let issue = book.entries[station]?.issued
            {
                held.append(
                    Ledger.Entry(
                        station: station, origin: window.origin, issue: issue, model: LivePolicy.persistenceID,
                        forecast: persistence.forecast(window)))
                continue
            }
            groups[served.id, default: Group(model: served)].add(station, window, longitude: entry.longitude)
        }
        try await append(held, policy: models.policy, result: &result)
        for group in groups.values {
            let forecasts = group.model.model.forecast(group.windows, longitudes: group.longitudes)
            var entries: [Ledger.Entry] = []
            entries.reserveCapacity(forecasts.count)
            for (index, forecast) in forecasts.enumerated() {
                guard let issue = book.entries[group.stations[index]]?.issued else { continue }
                entries.append(
                    Ledger.Entry(
                        station: group.stations[index], origin: group.windows[index].origin, issue: issue,
                        model: group.model.id, forecast: forecast))
            }
            try await append(entries, policy: models.policy, result: &result)
        }
        if let outage = try await ledger.record(outages: outages, ended: ended) { result.outage = outage }
        result.outages += outages.count
    }

    /// Issues what one model, or persistence, says.
    private func append(_ forecasts: [Ledger.Entry], policy: LivePolicy, result: inout Result) async throws {
        var entries = forecasts
        for index in entries.indices {
            let entry = entries[index]
            entries[index].forecast = policy.adapted(entry.forecast, of: entry.station, issuedBy: entry.model)
        }
        try await ledger.append(entries)
        if let outcome = try await alerts?.evaluate(entries) {
            result.alerts.raised += outcome.raised
            result.alerts.cleared += outcome.cleared
            result.alerts.failure = outcome.failure ?? result.alerts.failure
        }
        result.forecasts += entries.count
        for entry in entries { result.newestOrigin = max(entry.origin, result.newestOrigin ?? entry.origin) }
    }
}

/// Stations that one model serves, and what it needs to know of each.
private struct Group {
    let model: ActiveModels.Served
    private(set) var stations: [Int32] = []
    private(set) var windows: [Window] = []
    private(set) var longitudes: [Double?] = []

    init(model: ActiveModels.Served) { self.model = model }

    mutating func add(_ station: Int32, _ window: Window, longitude: Double?) {
        stations.append(station)
        windows.append(window)
        longitudes.append(longitude)
    }
}

extension Array {
    /// Consecutive pieces of at most `size` elements.
    func chunked(_ size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
