/// What champion and challenger are compared on, of one station or of several that one model serves: the last 21 days, and
/// the 21 days that ended 60 days ago.
///
/// The live protocol: every hour with PM2.5 is an origin, and only observed hours count.
public struct HoldOut: Sendable {
    /// Hours that are held out.
    public static let hours = Promotion.days * 24
    /// The leads that are scored; every array of scores here goes by them.
    public static let leads = LiveProtocol.quotedLeads

    /// The last hours: the challenger has to be better on them.
    public let range: Range<UTCHour>
    /// As many before the newest two months: it has to be better on them, too.
    public let earlier: Range<UTCHour>
    /// Up to the end of `range`.
    private let histories: [HourlySeries]

    /// - Parameters:
    ///   - histories: of one station each.
    ///   - end: the hour after the last that counts; what is later is not looked at.
    public init(of histories: [HourlySeries], before end: UTCHour) {
        range = end.advanced(by: -Self.hours)..<end
        let first = end.advanced(by: -Promotion.earlierDays * 24)
        earlier = first.advanced(by: -Self.hours)..<first
        self.histories = histories.map { $0.before(end) }
    }

    /// Stations that there are histories of.
    public var stations: Int { histories.count }

    /// What a challenger may be trained on: everything before `range` but for `earlier`, so two stretches of a station.
    public var known: [HourlySeries] {
        histories.flatMap { history in
            [history.before(earlier.lowerBound), history.before(range.lowerBound).from(earlier.upperBound)]
        }
    }

    /// How far a model's forecasts were from what was observed.
    ///
    /// - Parameter hours: `range` or `earlier`.
    public func scores(of model: Model, in hours: Range<UTCHour>) -> [Score] {
        score(hours) { series, origins in
            let filled = model.architecture.bearsGaps ? series.rows : series.series.filled(pm25: .carried)
            let windows = origins.map { origin in
                Window(
                    origin: series.series.start.advanced(by: origin),
                    steps: Array(filled[origin - Window.length + 1...origin]))
            }
            return model.forecast(windows, contexts: origins.map { series.context(at: $0) }).map(\.pm25)
        }
    }

    /// The same of the last reading, on the same origins.
    public func persistence(in hours: Range<UTCHour>) -> [Score] {
        score(hours) { series, origins in
            origins.map { Array(repeating: series.rows[$0].pm25, count: Forecast.leads) }
        }
    }

    private func score(_ hours: Range<UTCHour>, _ forecasts: (RelativeSeries, [Int]) -> [[Float]]) -> [Score] {
        var scores = [Score](repeating: Score(), count: Self.leads.count)
        for history in histories.map({ $0.before(hours.upperBound) }) {
            let first = max(history.start.distance(to: hours.lowerBound), Window.length - 1)
            guard first < history.measures.count else { continue }
            let series = RelativeSeries(history)
            let origins = (first..<history.measures.count).filter { !series.rows[$0].pm25.isNaN }
            for (origin, forecast) in zip(origins, forecasts(series, origins)) {
                for (index, lead) in Self.leads.enumerated() {
                    let observed = series.observed(origin, lead)
                    // A model that lacks a measure forecasts nothing.
                    if observed.isNaN || forecast[lead - 1].isNaN { continue }
                    scores[index].add(predicted: forecast[lead - 1], observed: observed)
                }
            }
        }
        return scores
    }

    /// What the 21 days of `range` are like, and each earlier 21 days, one block a day; blocks with too few readings are left
    /// out. A pair belongs to the day that it is valid in, however early its origin.
    ///
    /// - Complexity: O(hours), and sorting 21 days for every day.
    public var character: (held: BlockCharacter?, earlier: [BlockCharacter]) {
        let days = Days(of: histories, before: range.upperBound)
        let earlier = max(0, days.count - 2 * Promotion.days + 1)
        return (days.block(from: 0), (0..<earlier).compactMap { days.block(from: Promotion.days + $0) })
    }
}

/// What 21 days of readings are like.
public struct BlockCharacter: Sendable, Equatable {
    /// RMSE of persistence in µg/m³, by `HoldOut.leads`.
    public var persistence: [Double]
    /// Median of pm25 in µg/m³.
    public var median: Double

    /// RMSE of persistence in µg/m³ over all leads alike.
    var rmse: Double { (persistence.reduce(0) { $0 + $1 * $1 } / Double(persistence.count)).squareRoot() }
    /// RMSE at the shortest lead as a share of that at the longest: how fast the station forgets.
    var forgetting: Double { persistence[0] / persistence[persistence.count - 1] }

    /// A character from its numbers.
    public init(persistence: [Double], median: Double) {
        self.persistence = persistence
        self.median = median
    }
}

/// Persistence and levels of every day, counted back from the newest.
private struct Days {
    private struct Day {
        var pairs = [Int](repeating: 0, count: HoldOut.leads.count)
        var squaredErrors = [Double](repeating: 0, count: HoldOut.leads.count)
        var observed: [Float] = []
    }

    private var days: [Day]
    var count: Int { days.count }

    init(of histories: [HourlySeries], before end: UTCHour) {
        let hours = histories.map { $0.start.distance(to: end) }.max() ?? 0
        days = Array(repeating: Day(), count: max(0, hours) / 24)
        for history in histories where !history.measures.isEmpty {
            let origins = LiveOrigins(history, 0..<0)
            for (row, measures) in history.measures.enumerated() where !measures.pm25.isNaN {
                let day = (history.start.advanced(by: row).distance(to: end) - 1) / 24
                guard days.indices.contains(day) else { continue }
                days[day].observed.append(measures.pm25)
                for (index, lead) in HoldOut.leads.enumerated() where row >= lead {
                    let error = Double(measures.pm25) - Double(origins.rows[row - lead].pm25)
                    days[day].pairs[index] += 1
                    days[day].squaredErrors[index] += error * error
                }
            }
        }
    }

    /// nil where there are too few readings.
    func block(from newest: Int) -> BlockCharacter? {
        guard newest + Promotion.days <= days.count else { return nil }
        let block = days[newest..<newest + Promotion.days]
        let rmse = HoldOut.leads.indices.map { index in
            let pairs = block.reduce(0) { $0 + $1.pairs[index] }
            guard pairs >= Promotion.leastOrigins else { return Double.nan }
            return (block.reduce(0) { $0 + $1.squaredErrors[index] } / Double(pairs)).squareRoot()
        }
        if rmse.contains(where: \.isNaN) { return nil }
        let observed = block.flatMap(\.observed).sorted()
        return BlockCharacter(persistence: rmse, median: Double(observed[observed.count / 2]))
    }
}

extension HourlySeries {
    /// Only the hours before one.
    public func before(_ end: UTCHour) -> HourlySeries {
        var series = self
        series.measures = Array(measures.prefix(max(0, start.distance(to: end))))
        return series
    }

    /// Only the hours from one on.
    func from(_ first: UTCHour) -> HourlySeries { part(min(max(0, start.distance(to: first)), measures.count)...) }
}
