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
    private var forecaster: (model: Int32, forecaster: Forecaster)?

    /// Every forecast that was made: its station, its origin and its revision.
    private(set) var issued = Issued()
    /// Stations whose newest reading cannot be forecast, for a reason that is new.
    private(set) var outages: [(station: Int32, origin: UTCHour, reason: String)] = []
    /// Stations of which that is no longer so.
    private(set) var ended: [Int32] = []

    /// - Parameters:
    ///   - stations: in the order in which the ledger shall have them.
    ///   - book: nobody else should hold it, or it is copied.
    init(_ stations: [Int32], book: consuming StationBook, models: ActiveModels) {
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
            do throws(GapRule.Outage) {
                try GapRule.fill(entry.window, into: steps)
            } catch {
                if entry.outage != error { outages.append((station, origin, error.description)) }
                entry.outage = error
                return
            }
            if entry.outage != nil { ended.append(station) }
            entry.outage = nil
            let digest = Window.digest(of: UnsafeBufferPointer(steps))
            if entry.issued?.digest == digest { return }
            let issue = StationBook.Issue(revision: (entry.issued?.revision ?? 0) + 1, digest: digest)
            entry.issued = issue
            piece.stations.append(station)
            piece.origins.append(origin)
            piece.issues.append(issue)
            contexts.append(StationContext(longitude: entry.longitude))
            issued.add(station, origin, issue.revision)
        }
    }

    /// Forecasts the windows of a piece, those of one model together, with bands as wide as each station has to have them.
    private func serve(_ piece: inout Piece) {
        piece.values = Array(repeating: 0, count: piece.count * ForecastRow.length)
        piece.hasBands = Array(repeating: false, count: piece.count)
        piece.models = piece.stations.map { models.policy.issuer(of: $0, model: models[$0].id) }
        let (stations, origins, issuers) = (piece.stations, piece.origins, piece.models)
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
                            forecast(row).forecast = models.policy.persistence(
                                of: stations[row], at: Window(origin: origins[row], steps: Array(window(row))))
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
                        forecaster.forecast(lanes: lanes) { lane in forecast(rows[first + lane]) }
                    }
                }
                for row in stations.indices {
                    models.policy.adapt(forecast(row), of: stations[row], issuedBy: issuers[row])
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
