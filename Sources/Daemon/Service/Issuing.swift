import Forecast
import Ingest

/// Makes the forecasts of stations whose window differs from what the ledger's newest forecast of it was made of, a piece at a
/// time.
///
/// `@unchecked Sendable`: one thread at a time has it. While `Ahead` calls `next`, whoever made it waits; before and after,
/// nobody else knows of it.
final class Issuing: @unchecked Sendable {
    /// Forecasts of a piece at most, so that what is worked on stays in the processor's cache.
    private static let pieceSize = 256

    /// Forecasts as they enter the ledger, in contiguous memory.
    struct Piece: Sendable {
        fileprivate(set) var stations: [Int32] = []
        fileprivate(set) var origins: [UTCHour] = []
        fileprivate(set) var issues: [StationBook.Issue] = []
        fileprivate(set) var models: [Int32] = []
        fileprivate(set) var bases: [ForecastBasis] = []
        /// `ForecastRow.length` floats each.
        fileprivate(set) var values: [Float] = []
        fileprivate(set) var hasBands: [Bool] = []

        var count: Int { stations.count }
    }

    /// The stations' windows, changed on the way.
    private(set) var book: StationBook
    private let stations: [Int32]
    private let models: ActiveModels
    private var position = 0
    /// `Window.length` steps for each forecast of a piece.
    private let steps: UnsafeMutableBufferPointer<Measures>
    private var contexts: [StationContext] = []
    /// What each forecast of a piece takes from the past.
    private var states: [LivePolicy.Station?] = []
    /// Settled days that revisions rest on, where they are not the newest ones.
    private let earlier: [Int32: LivePolicy.Station]
    private var forecaster: (model: Int32, forecaster: Forecaster)?

    /// Forecasts that went beyond what their windows make plausible, and were clipped.
    private(set) var clipped = 0
    /// Every forecast that was made: its station, its origin and its revision.
    private(set) var issued = Issued()
    /// Stations whose newest reading cannot be forecast, for a reason that is new.
    private(set) var outages: [(station: Int32, origin: UTCHour, reason: String)] = []
    /// Stations of which that is no longer so.
    private(set) var ended: [Int32] = []
    /// Stations left out because their revision rests on a settled day that is not at hand, and that day.
    private(set) var deferred: [(station: Int32, day: Int32)] = []

    /// - Parameters:
    ///   - stations: in the order in which the ledger shall have them.
    ///   - book: nobody else should hold it, or it is copied.
    ///   - earlier: settled days of stations that were `deferred`.
    init(
        _ stations: [Int32], book: consuming StationBook, models: ActiveModels,
        earlier: [Int32: LivePolicy.Station] = [:]
    ) {
        self.earlier = earlier
        self.stations = stations
        self.book = book
        self.models = models
        steps = .allocate(capacity: min(stations.count, Self.pieceSize) * Window.length)
        steps.initialize(repeating: Measures())
    }

    deinit { steps.deallocate() }

    /// The book, which this gives up.
    func takeBook() -> StationBook {
        defer { book = StationBook(rules: book.rules) }
        return book
    }

    /// The next forecasts; nil when there are no more.
    func next() -> Piece? {
        while position < stations.count {
            let end = min(position + Self.pieceSize, stations.count)
            var piece = Piece()
            contexts.removeAll(keepingCapacity: true)
            states.removeAll(keepingCapacity: true)
            for station in stations[position..<end] { prepare(station, in: &piece) }
            position = end
            if piece.count == 0 { continue }
            serve(&piece)
            return piece
        }
        return nil
    }

    /// Puts a station's filled window where `serve` finds it, if there is anything to forecast.
    private func prepare(_ station: Int32, in piece: inout Piece) {
        guard let place = book.entries.place(of: station) else {
            ended.append(station)
            return
        }
        let steps = window(piece.count)
        book.entries.update(at: place) { entry in
            let origin = entry.window.newest
            let newest = models.policy[station]
            // A revision rests on the day that the first forecast of its origin rests on.
            let state =
                entry.issued.map { $0.settledDay == newest?.number ? newest : earlier[station] } ?? newest
            let basis: ForecastBasis
            do throws(GapRule.Outage) {
                basis = try GapRule.fill(entry.window, into: steps, hasMemory: state?.memory != nil)
            } catch {
                note(error, of: station, at: origin, in: &entry)
                return
            }
            let digest = Window.digest(of: UnsafeBufferPointer(steps))
            if let issued = entry.issued, issued.digest == digest {
                note(reason(of: station, basis, steps), of: station, at: origin, in: &entry)
                return
            }
            if let day = entry.issued?.settledDay, state == nil {
                deferred.append((station, day))
                return
            }
            note(reason(of: station, basis, steps), of: station, at: origin, in: &entry)
            let issue = StationBook.Issue(
                revision: (entry.issued?.revision ?? 0) + 1, digest: digest, settledDay: state?.number)
            entry.issued = issue
            piece.stations.append(station)
            piece.origins.append(origin)
            piece.issues.append(issue)
            piece.bases.append(basis)
            piece.models.append(issuer(of: station, basis, state, steps))
            states.append(state)
            contexts.append(
                StationContext(longitude: entry.longitude, memory: state?.memory))
            issued.add(station, origin, issue.revision)
        }
    }

    /// Notes why a station has no forecast, or none by its model, where that is new.
    private func note(
        _ reason: GapRule.Outage?, of station: Int32, at origin: UTCHour, in entry: inout StationBook.Entry
    ) {
        if let reason {
            if entry.outage != reason { outages.append((station, origin, reason.description)) }
        } else if entry.outage != nil {
            ended.append(station)
        }
        entry.outage = reason
    }

    /// Why persistence serves a window, other than that it is as good as the model.
    private func reason(
        of station: Int32, _ basis: ForecastBasis, _ steps: UnsafeMutableBufferPointer<Measures>
    ) -> GapRule.Outage? {
        let present = steps.count { !$0.pm25.isNaN }
        if basis == .persistence {
            return GapRule.Outage(
                description: present >= Window.leastHours(hasMemory: false)
                    ? "persistence serves: pm25 has been the same for too long (stuck)"
                    : "persistence serves: \(present) of the last \(Window.length) hours have pm25, a model needs "
                        + "\(Window.leastHours(hasMemory: false))")
        }
        let model = models[station]
        if model.model.architecture.bearsGaps { return nil }
        // The steps are changed only where the model serves.
        let copy = UnsafeMutableBufferPointer<Measures>.allocate(capacity: steps.count)
        defer { copy.deallocate() }
        _ = copy.initialize(from: steps)
        do throws(GapRule.Outage) { try GapRule.close(copy) } catch {
            return GapRule.Outage(description: "persistence serves: \(error), and \(model.name) needs it")
        }
        return nil
    }

    /// What forecasts a window: the station's model, or persistence. Gaps are closed for a model that bears none.
    private func issuer(
        of station: Int32, _ basis: ForecastBasis, _ state: LivePolicy.Station?,
        _ steps: UnsafeMutableBufferPointer<Measures>
    ) -> Int32 {
        let model = models[station]
        if basis == .persistence { return LivePolicy.persistenceID }
        if let state, state.model == model.id, state.persistence != nil { return LivePolicy.persistenceID }
        if model.model.architecture.bearsGaps { return model.id }
        do throws(GapRule.Outage) { try GapRule.close(steps) } catch { return LivePolicy.persistenceID }
        return model.id
    }

    /// Forecasts the windows of a piece, those of one model together, with the factors that each station has.
    private func serve(_ piece: inout Piece) {
        piece.values = Array(repeating: 0, count: piece.count * ForecastRow.length)
        piece.hasBands = Array(repeating: false, count: piece.count)
        let (stations, origins, issuers, bases) = (piece.stations, piece.origins, piece.models, piece.bases)
        let groups = Dictionary(grouping: stations.indices) { issuers[$0] }
        piece.values.withUnsafeMutableBufferPointer { values in
            piece.hasBands.withUnsafeMutableBufferPointer { flags in
                guard let values = values.baseAddress, let flags = flags.baseAddress else { return }
                func forecast(_ row: Int) -> ForecastRow {
                    ForecastRow(values: values + row * ForecastRow.length, hasBands: flags + row)
                }
                for (issuer, rows) in groups {
                    if issuer == LivePolicy.persistenceID {
                        for row in rows {
                            if bases[row] != .persistence, let own = states[row]?.persistence {
                                forecast(row).forecast = own.forecast(
                                    Window(origin: origins[row], steps: Array(window(row))))
                                states[row]?.bands.apply(to: forecast(row))
                            } else {
                                models.plain?.persistence(
                                    of: UnsafeBufferPointer(window(row)), into: forecast(row))
                            }
                        }
                        continue
                    }
                    let forecaster = self.forecaster(of: issuer, for: stations[rows[0]])
                    for first in stride(from: 0, to: rows.count, by: Forecaster.width) {
                        let lanes = min(Forecaster.width, rows.count - first)
                        for lane in 0..<lanes {
                            let row = rows[first + lane]
                            forecaster.load(
                                UnsafeBufferPointer(window(row)), origin: origins[row], contexts[row], lane: lane)
                        }
                        clipped += forecaster.forecast(lanes: lanes) { lane in forecast(rows[first + lane]) }
                    }
                    for row in rows {
                        // What was learnt of another model does not apply.
                        guard let state = states[row], state.model == issuer, state.persistence == nil else { continue }
                        let last = window(row)[Window.length - 1].pm25
                        ChangeFactors.apply(state.factors, to: forecast(row), last: last)
                        state.bands.apply(to: forecast(row))
                    }
                }
            }
        }
    }

    private func window(_ row: Int) -> UnsafeMutableBufferPointer<Measures> {
        UnsafeMutableBufferPointer(rebasing: steps[row * Window.length..<(row + 1) * Window.length])
    }

    private func forecaster(of model: Int32, for station: Int32) -> Forecaster {
        if let forecaster, forecaster.model == model { return forecaster.forecaster }
        let made = Forecaster(models[station].model)
        forecaster = (model, made)
        return made
    }
}

/// Forecasts that a transaction has issued, at most one of a station.
struct Issued {
    private(set) var stations: [Int32] = []
    private(set) var origins: [UTCHour] = []
    private(set) var revisions: [Int32] = []

    var count: Int { stations.count }

    mutating func add(_ station: Int32, _ origin: UTCHour, _ revision: Int32) {
        stations.append(station)
        origins.append(origin)
        revisions.append(revision)
    }

    mutating func add(_ others: Issued) {
        stations += others.stations
        origins += others.origins
        revisions += others.revisions
    }
}
