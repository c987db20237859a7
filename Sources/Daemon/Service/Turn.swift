import Forecast
import Ingest
import Postgres

/// A station whose newest reading could not be forecast, or not by its model.
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
        /// Forecasts that went beyond what their windows make plausible, and were clipped.
        var clipped = 0
        /// Stations whose window was loaded anew: history may have come.
        var loaded = 0
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

    private let connection: Connection
    private let ledger: Ledger
    private let now: UTCHour
    /// Whether anybody wants alerts.
    private let hasAlerts: Bool
    /// Whether any reading is flagged.
    private let hasFlags: Bool
    private let times: TurnTimes

    /// Runs one transaction.
    ///
    /// - Parameters:
    ///   - book: nil when nothing is known, as at start: every station is then considered.
    ///   - models: loaded anew when others serve than those in here.
    ///   - times: gets to know what took how long.
    static func run(
        on connection: Connection, book: inout StationBook?, models: inout ActiveModels?,
        times: TurnTimes = TurnTimes()
    ) async throws -> Result {
        let claiming = Feed.claiming(
            and: """
                clock_timestamp(), \(Leadership.isHeldSQL()), \(ActiveModels.fingerprintSQL), \(Alerts.areWantedSQL),
                EXISTS (SELECT FROM hazecast.reading_flag)
                """)
        let began = ContinuousClock.now
        var wasReady = began
        var hasEvaluation = false
        var (result, answers) = try await connection.withTransaction(
            "BEGIN ISOLATION LEVEL READ COMMITTED", first: claiming, timeout: .seconds(300)
        ) { first, last in
            times.add(.claim, since: began)
            let head = try first[0].single()
            guard try head.decode(Bool.self, at: 1) else {
                throw DaemonError(.lostLock, "the advisory lock of this daemon is gone; another one may be active")
            }
            let fingerprint = try head.decode(String.self, at: 2)
            let refusal = try await update(&models, to: fingerprint, on: connection)
            guard let serving = models else { preconditionFailure("update has loaded models or thrown") }
            let now = try head.decode(PostgresTimestamp.self, at: 0)
            let turn = Turn(
                connection: connection,
                ledger: Ledger(connection: connection, now: now),
                now: UTCHour(timestamp: now.microsecondsSince2000), hasAlerts: try head.decode(Bool.self, at: 3),
                hasFlags: try head.decode(Bool.self, at: 4), times: times)
            let claim = try Feed.claim(in: first, after: 5)
            // A station may have been moved or replaced.
            if claim.reload { models?.policy = try await LivePolicy.load(on: connection) }
            var result = try await turn.work(
                on: claim, book: &book, models: models ?? serving, last: &last)
            result.refusal = refusal
            hasEvaluation = turn.hasAlerts && result.forecasts > 0
            wasReady = .now
            return result
        }
        times.add(.commit, since: wasReady)
        if hasEvaluation, let answer = answers.last { result.alerts = try Alerts.Outcome(answer) }
        return result
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

    /// - Parameter last: gets what is to be sent with COMMIT.
    private func work(
        on claim: Feed.Claim, book: inout StationBook?, models: ActiveModels, last: inout [Statement]
    ) async throws -> Result {
        let isReconciling = claim.reload || book == nil
        // Taken, not copied; whatever goes wrong from here on, the caller's book is gone, as it has to be.
        var intake = Intake(now: now)
        if isReconciling {
            book = nil
            // A change of the rules asks for a reload, so that they need no look at any other time.
            intake.book = StationBook(rules: try await QualityRules.load(on: connection))
        } else {
            intake.remember(&book)
        }
        let due = intake.book.takeDue(now: now)
        intake.stale = due
        var statements: [Statement] = []
        if let readings = claim.readings {
            if hasFlags, !readings.isEmpty { statements.append(ledger.clearingFlags(of: readings)) }
            let began = ContinuousClock.now
            intake.take(readings)
            times.add(.judge, since: began)
        } else {
            if hasFlags { try await ledger.clearFlags(of: claim.writers) }
            let shared = Shared(Intake(now: now))
            swap(&shared.value, &intake)
            try await read(claim, into: shared)
            swap(&shared.value, &intake)
        }
        if isReconciling || !due.isEmpty { statements.append(ledger.unflaggingDue(now: now)) }
        if !intake.flags.isEmpty { statements.append(ledger.flagging(intake.flags)) }

        var result = Result(hadWork: !claim.isEmpty || isReconciling, readings: intake.readings)
        let advanced = isReconciling ? [] : intake.book.takeAdvanced()
        let stale = isReconciling ? try await WindowLoader.stations(on: connection) : intake.stale.sorted()
        if isReconciling || !due.isEmpty {
            try await WindowLoader.postponeFuture(
                of: isReconciling ? stale : due.sorted(), into: &intake.book, now: now, on: connection)
        }
        var issue = Issue(book: intake.book, models: models, statements: statements)
        intake.book = StationBook(rules: intake.book.rules)
        try await self.issue(for: advanced.filter { !intake.stale.contains($0) }, &issue)
        for stations in stale.chunked(WindowLoader.batch) {
            // What is judged as a whole comes after what is judged hour by hour.
            try await connection.pipeline(issue.statements)
            issue.statements = []
            let began = ContinuousClock.now
            let flags = try await WindowLoader.load(stations, into: &issue.book, now: now, on: connection)
            times.add(.load, since: began)
            let loaded = stations.compactMap { id in issue.book.entries[id].map { (id: id, newest: $0.window.newest) } }
            if hasFlags || !flags.isEmpty { try await ledger.replaceFlags(of: loaded, by: flags) }
            try await self.issue(for: stations, &issue)
        }
        last = issue.statements
        result.forecasts = issue.issued.count
        result.newestOrigin = issue.issued.origins.max()
        (result.outages, result.outage) = (issue.outages, issue.outage)
        result.clipped = issue.clipped
        // The last one, so that `run` finds what it answers.
        if hasAlerts, issue.issued.count > 0 { last.append(Alerts.evaluation(of: issue.issued)) }
        if !stale.isEmpty { result.hadWork = true }
        result.loaded = stale.count
        book = issue.book
        return result
    }

    /// Takes the readings of a large claim as they come.
    private func read(_ claim: Feed.Claim, into shared: Shared<Intake>) async throws {
        let began = ContinuousClock.now
        try await Feed.read(claim, on: connection) { [times] readings in
            let began = ContinuousClock.now
            shared.value.take(readings)
            times.add(.judge, since: began)
        }
        times.add(.read, since: began)
    }

    /// What a turn has at hand and what has come of it so far.
    private struct Issue {
        var book: StationBook
        let models: ActiveModels
        /// To be run before anything else is read or written.
        var statements: [Statement]
        var issued = Issued()
        var clipped = 0
        var outages = 0
        var outage: Outage?
    }

    /// Forecasts the stations whose window differs from what the ledger's newest forecast was made of.
    ///
    /// - Parameter earlier: settled days of revisions that rest on one before the newest.
    private func issue(
        for stations: [Int32], _ issue: inout Issue, earlier: [Int32: LivePolicy.Station] = [:]
    ) async throws {
        if stations.isEmpty { return }
        let issuing = Issuing(stations, book: issue.book, models: issue.models, earlier: earlier)
        issue.book = StationBook(rules: issue.book.rules)
        var isByRow = stations.count <= Ledger.few
        if !isByRow { isByRow = try await ledger.refusesCopy }
        if isByRow {
            let began = ContinuousClock.now
            while let piece = issuing.next() {
                issue.statements += ledger.inserts(of: piece)
                if stations.count <= Ledger.few { continue }
                try await connection.pipeline(issue.statements, timeout: .seconds(300))
                issue.statements = []
            }
            times.add(.predict, since: began)
        } else {
            let began = ContinuousClock.now
            try await ledger.append(issuing, times: times)
            times.add(.write, since: began)
        }
        issue.book = issuing.takeBook()
        issue.issued.add(issuing.issued)
        if !issuing.deferred.isEmpty {
            let earlier = try await LivePolicy.load(issuing.deferred, on: connection)
            // A day that is gone cannot be asked for again.
            let known = issuing.deferred.map(\.station).filter { earlier[$0] != nil }
            try await self.issue(for: known, &issue, earlier: earlier)
        }
        issue.clipped += issuing.clipped
        issue.outages += issuing.outages.count
        if let outage = try await ledger.record(outages: issuing.outages, ended: issuing.ended) {
            issue.outage = outage
        }
    }
}

/// Readings on their way into the book.
private struct Intake {
    var book: StationBook
    let now: UTCHour
    var readings = 0
    /// Stations whose window has to be loaded anew.
    var stale: Set<Int32> = []
    var flags: [ReadingFlag] = []

    /// With an empty book.
    init(now: UTCHour) {
        book = StationBook(rules: .standard)
        self.now = now
    }

    /// Takes over what is known: a function of its own, because nothing may hold it on the way, or all of it is copied.
    mutating func remember(_ known: inout StationBook?) {
        if let taken = known.take() { book = taken }
    }

    mutating func take(_ readings: [Feed.Reading]) {
        self.readings += readings.count
        for reading in readings { take(reading) }
    }

    private mutating func take(_ reading: Feed.Reading) {
        func flag(_ measure: String, _ flag: QualityControl.Flag) {
            flags.append(
                ReadingFlag(station: reading.station, observedAt: reading.observedAt, measure: measure, flag: flag))
        }
        var judged = reading
        QualityControl.judge(&judged, by: book.rules, report: flag)
        if let verdict = QualityControl.judge(hour: reading.hour, now: now) { flag("observed_at", verdict) }
        var reported: [ReadingFlag] = []
        let effect = book.take(station: reading.station, hour: reading.hour, measures: judged.measures, now: now) {
            reported.append(ReadingFlag(station: reading.station, observedAt: $0.timestamp, measure: $1, flag: $2))
        }
        if !reported.isEmpty { flags += reported }
        if effect == .reload { stale.insert(reading.station) }
    }
}

/// A value that goes from one thread to another and back.
///
/// `@unchecked Sendable`: whoever hands it over waits, and does not look at it meanwhile.
private final class Shared<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

extension Array {
    /// Consecutive pieces of at most `size` elements.
    func chunked(_ size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
