/// A station's scores in the live protocol: every hour with PM2.5 is an origin, and only what was known then is used.
package struct StationBacktest: Sendable {
    /// What a station is scored with.
    package struct Options: Sendable {
        /// Whether weather counts as absent.
        package var isPM25Only = false
        /// Days before an origin beyond which nothing is known of the station; nil: all is known.
        package var memoryDays: Int?
        /// Whether ridge regression is fitted on the rows before the scored ones, a matter of seconds.
        package var hasRidge = false

        /// Everything that there is.
        package init() {}
    }

    /// Scores by lead, and of the bands.
    package struct Part: Sendable {
        package fileprivate(set) var leads = [Score](repeating: Score(), count: Forecast.leads)
        package fileprivate(set) var bands = [BandScore](repeating: BandScore(), count: Forecast.leads)

        fileprivate mutating func add(_ forecast: Forecast, lead: Int, last: Float, observed: Float) {
            leads[lead - 1].add(predicted: forecast.pm25[lead - 1], observed: observed)
            bands[lead - 1].add(forecast, index: lead - 1, persistence: last, observed: observed)
        }
    }

    /// Scored hours that a series must have to count.
    package static let leastHours = 1_000

    /// The station.
    package let station: WorldStation
    /// Of the model alone.
    package private(set) var model = Part()
    /// With the factors that the station's own outcomes gave day by day.
    package private(set) var adapted = Part()
    /// The adapted bands' scores by the days since the first scored one: up to 7, 15 to 30, from 31 on.
    package private(set) var adaptedBandsByAge = [[BandScore]](
        repeating: [BandScore](repeating: BandScore(), count: Forecast.leads), count: 3)
    /// Of the model's bands in the first week.
    package private(set) var firstWeek = [BandScore](repeating: BandScore(), count: Forecast.leads)
    /// Of the last reading.
    package private(set) var persistence = [Score](repeating: Score(), count: Forecast.leads)
    /// Of the mean at that UTC hour of the day over the rows before the scored ones; empty where there are none.
    package private(set) var climatology = [Score](repeating: Score(), count: Forecast.leads)
    /// Of ridge regression fitted on the rows before the scored ones; nil where it was not.
    package var ridge: [Score]?
    /// Why the model cannot forecast the station; nil where it can.
    package let obstacle: String?

    /// Scores a model on the station's scored rows.
    package init(_ station: WorldStation, by model: Model, _ options: Options = Options()) {
        self.station = station
        let series = station.relative
        let missing = model.missingMeasures(in: series.series, isPM25Only: options.isPM25Only)
        guard missing.isEmpty else {
            let names = missing.joined(separator: ", ")
            obstacle =
                options.isPM25Only
                ? "\(model.name) needs \(names) as well" : "\(model.name) needs \(names), which the readings lack"
            return
        }
        obstacle = nil
        let rows = station.scoredRows
        let origins = series.origins(in: rows, days: options.memoryDays)
        guard !origins.isEmpty else { return }
        let forecasts = Self.forecasts(of: model, at: origins, series, options)
        let climate = Self.climatology(of: series, before: rows.lowerBound)
        let ridge = options.hasRidge ? Self.ridge(station, at: origins, options) : nil
        let adapted = Self.adapted(forecasts, of: model, at: origins, series, options)
        if ridge != nil { self.ridge = Array(repeating: Score(), count: Forecast.leads) }
        for (index, origin) in origins.enumerated() {
            let last = series.rows[origin].pm25
            let age = (origin - rows.lowerBound) / 24
            for lead in 1...Forecast.leads {
                let observed = series.observed(origin, lead)
                if observed.isNaN { continue }
                self.model.add(forecasts[index], lead: lead, last: last, observed: observed)
                self.adapted.add(adapted[index], lead: lead, last: last, observed: observed)
                persistence[lead - 1].add(predicted: last, observed: observed)
                let hour = series.series.start.advanced(by: origin + lead).hourOfDay
                if let climate { climatology[lead - 1].add(predicted: climate[hour], observed: observed) }
                if let ridge {
                    self.ridge?[lead - 1].add(predicted: ridge[index].pm25[lead - 1], observed: observed)
                }
                if age < 7 {
                    firstWeek[lead - 1].add(forecasts[index], index: lead - 1, persistence: last, observed: observed)
                }
                if let period = [0..<7, 14..<30, 30..<Int.max].firstIndex(where: { $0.contains(age) }) {
                    adaptedBandsByAge[period][lead - 1].add(
                        adapted[index], index: lead - 1, persistence: last, observed: observed)
                }
            }
        }
    }

    /// Whether there are enough scored hours to count, and a skill.
    package var counts: Bool { reason == nil }

    /// Why the station does not count; nil where it does.
    package var reason: String? {
        if let obstacle { return obstacle }
        let hours = persistence[0].n
        if hours < Self.leastHours { return "\(hours) scored hours, and \(Self.leastHours) are needed" }
        let skills = [meanSkill(model.leads), meanSkill(adapted.leads)]
        return skills.allSatisfy(\.isFinite) ? nil : "PM2.5 never changes, or not every lead was observed"
    }

    /// Skill against persistence at each lead.
    package func skill(_ scores: [Score]) -> [Double] { zip(scores, persistence).map { $0.skill(against: $1) } }

    /// Mean skill over the quoted leads.
    package func meanSkill(_ scores: [Score]) -> Double {
        let skill = skill(scores)
        return LiveProtocol.quotedLeads.reduce(0) { $0 + skill[$1 - 1] } / Double(LiveProtocol.quotedLeads.count)
    }

    static func forecasts(
        of model: Model, at origins: [Int], _ series: RelativeSeries, _ options: Options
    ) -> [Forecast] {
        // A model that bears no gaps gets them filled as ever.
        let filled = model.architecture.bearsGaps ? series.rows : series.series.filled(pm25: .carried)
        let windows = origins.map { origin in
            let steps = filled[origin - Window.length + 1...origin]
            return Window(
                origin: series.series.start.advanced(by: origin),
                steps: options.isPM25Only ? steps.map { Measures(pm25: $0.pm25) } : Array(steps))
        }
        return model.forecast(
            windows, contexts: origins.map { series.context(at: $0, days: options.memoryDays) })
    }

    private static func ridge(_ station: WorldStation, at origins: [Int], _ options: Options) -> [Forecast]? {
        var series = station.relative.series
        if options.isPM25Only { series.measures = series.measures.map { Measures(pm25: $0.pm25) } }
        guard let ridge = Ridge.fit(series, before: station.scoredRows.lowerBound) else { return nil }
        return ridge.forecast(LiveOrigins(series, station.scoredRows), at: origins)
    }

    /// The same forecasts as they would have been issued, each with what the outcomes up to the midnight before had
    /// taught.
    static func adapted(
        _ forecasts: [Forecast], of model: Model, at origins: [Int], _ series: RelativeSeries, _ options: Options
    ) -> [Forecast] {
        Adaptation(series, origins, forecasts).issued(memoryDays: options.memoryDays) { series, origins in
            Self.forecasts(of: model, at: origins, series, options)
        }
    }

    private static func climatology(of series: RelativeSeries, before end: Int) -> [Float]? {
        var (sums, counts) = ([Float](repeating: 0, count: 24), [Float](repeating: 0, count: 24))
        for row in 0..<end where !series.rows[row].pm25.isNaN {
            let hour = series.series.start.advanced(by: row).hourOfDay
            (sums[hour], counts[hour]) = (sums[hour] + series.rows[row].pm25, counts[hour] + 1)
        }
        guard counts.allSatisfy({ $0 > 0 }) else { return nil }
        return zip(sums, counts).map { $0 / $1 }
    }
}

extension Model {
    /// Names of the measures that the model needs and a series lacks throughout; none for a model that bears gaps.
    fileprivate func missingMeasures(in series: HourlySeries, isPM25Only: Bool) -> [String] {
        if architecture.bearsGaps { return [] }
        let measures: [(name: String, value: KeyPath<Measures, Float>, needs: (Feature) -> Bool)] = [
            ("dew_point", \.dewPoint, { $0.rawValue.hasPrefix("dew_point") }),
            ("temperature", \.temperature, { $0.rawValue.hasPrefix("temperature") }),
            ("pressure", \.pressure, { $0.rawValue.hasPrefix("pressure") }),
            ("wind_speed", \.windSpeed, { $0.rawValue.hasPrefix("wind") }),
        ]
        return measures.filter { measure in
            architecture.inputs.contains(where: measure.needs)
                && (isPM25Only || series.measures.allSatisfy { $0[keyPath: measure.value].isNaN })
        }.map(\.name)
    }
}

/// What a station's own outcomes would have made of a model's forecasts, day by day.
private struct Adaptation {
    private let series: RelativeSeries
    private let origins: [Int]
    private let forecasts: [Forecast]
    /// Index in `origins` by row, −1 where a row is none, from `firstRow` on.
    private let places: [Int]
    private let firstRow: Int

    /// - Parameter firstRow: the row of a midnight; that before the first origin where nil.
    init(_ series: RelativeSeries, _ origins: [Int], _ forecasts: [Forecast], firstRow row: Int? = nil) {
        self.series = series
        self.origins = origins
        self.forecasts = forecasts
        let first = origins.first ?? 0
        let firstRow = row ?? first - series.series.start.advanced(by: first).hourOfDay
        self.firstRow = firstRow
        var places = [Int](repeating: -1, count: origins.last.map { $0 - firstRow + 1 } ?? 0)
        for (index, origin) in origins.enumerated() { places[origin - firstRow] = index }
        self.places = places
    }

    private struct State {
        var bands = AdaptiveBands()
        var factors = ChangeFactors()
        /// Days that they rest on.
        var age = 0
    }

    private var days: Int { origins.isEmpty ? 0 : (places.count + 23) / 24 }

    /// The forecasts as they would have been issued, each by what was observed up to the midnight before.
    ///
    /// - Parameter forecast: forecasts at some origins of a series, without factors.
    func issued(memoryDays: Int?, forecast: (RelativeSeries, [Int]) -> [Forecast]) -> [Forecast] {
        var results = forecasts
        var state = State()
        for day in 0..<days {
            if let memoryDays { state = self.state(before: day, days: min(memoryDays, day), forecast) }
            issue(day, state, &results)
            if memoryDays == nil { state = after(day, state, results) }
        }
        return results
    }

    /// What some days teach that are all that is known of the station: its forecasts then were made without what was
    /// before.
    private func state(
        before day: Int, days: Int, _ forecast: (RelativeSeries, [Int]) -> [Forecast]
    ) -> State {
        guard days > 0 else { return State() }
        let (all, rows) = (series.series, firstRow + (day - days) * 24..<firstRow + day * 24)
        // A day without readings goes before, so that the first hours have windows.
        var known = HourlySeries(
            start: all.start.advanced(by: rows.lowerBound - 24),
            measures: Array(repeating: Measures(), count: 24) + all.measures[rows])
        (known.longitude, known.latitude) = (all.longitude, all.latitude)
        let station = RelativeSeries(known)
        let origins = station.origins(in: known.measures.indices)
        let replay = Adaptation(station, origins, forecast(station, origins), firstRow: 24)
        var (state, issued) = (State(), replay.forecasts)
        for earlier in 0..<days {
            replay.issue(earlier, state, &issued)
            state = replay.after(earlier, state, issued)
        }
        return state
    }

    private func place(_ row: Int) -> Int? {
        let index = row - firstRow
        guard places.indices.contains(index), places[index] >= 0 else { return nil }
        return places[index]
    }

    private func issue(_ day: Int, _ state: State, _ results: inout [Forecast]) {
        for row in firstRow + day * 24..<firstRow + (day + 1) * 24 {
            guard let index = place(row) else { continue }
            let last = series.rows[row].pm25
            results[index] = forecasts[index].changed { forecast in
                state.factors.apply(to: forecast, last: last)
                state.bands.apply(to: forecast)
            }
        }
    }

    private func after(_ day: Int, _ state: State, _ issued: [Forecast]) -> State {
        var outcomes = AdaptiveBands.Outcomes()
        var sums = ChangeFactors.Sums()
        for row in firstRow + day * 24..<firstRow + (day + 1) * 24 where row < series.rows.count {
            let observed = series.rows[row].pm25
            if observed.isNaN { continue }
            for lead in 1...Forecast.leads {
                guard let index = place(row - lead) else { continue }
                if let bands = issued[index].bands { outcomes.add(bands, lead: lead, observed: observed) }
                sums.add(
                    lead: lead, forecast: forecasts[index].pm25[lead - 1], last: series.rows[row - lead].pm25,
                    observed: observed)
            }
        }
        return State(
            bands: state.bands.after(outcomes, age: state.age), factors: state.factors.after(sums), age: state.age + 1)
    }
}
