/// The live protocol: every hour of the last year is an origin, and only rows known at that hour are used.
public struct LiveProtocol: Sendable {
    /// The leads whose mean skill is quoted.
    public static let quotedLeads = [1, 2, 4, 8, 12, 24]

    /// The model's scores, `Forecast.leads` of them; element `lead - 1`.
    public let leads: [Score]
    /// Persistence's scores: the last pm25 known at the origin.
    public let persistence: [Score]
    /// Ridge regression's scores; nil where it was not fit.
    public private(set) var ridge: [Score]?
    /// How the bands held at each lead; nil for a model without bands.
    public let bands: [BandScore]?
    /// How they would have held, had they adapted day by day to what was known by then; nil for a model without bands.
    public let adaptiveBands: [BandScore]?
    /// How the bands held by the level of the forecast, over all leads; element i is of forecasts from `levels[i]` up.
    public let bandsByLevel: [BandScore]?
    /// Where the levels of `bandsByLevel` begin, in µg/m³.
    public static let levels: [Float] = [0, 25, 50, 100, 150, 250]

    private let scored: LiveOrigins
    private let forecasts: [Forecast]

    /// Scores a model on a series' last year.
    ///
    /// Gaps are carried forward without limit; only observed hours are scored.
    ///
    /// - Parameter withRidge: whether to fit ridge regression too, a matter of seconds; without two years before
    ///   the last there is none.
    /// - Throws: `tooLittleData`.
    public init(_ model: Model, on series: HourlySeries, withRidge: Bool = false) throws(ForecastError) {
        let first = try Backtest.firstTestRow(of: series)
        let origins = LiveOrigins(series, first..<series.measures.count)
        self.init(model.forecast(origins.windows, contexts: origins.contexts), at: origins)
        if withRidge {
            ridge = (try? Ridge.fit(series)).map { LiveProtocol($0.forecast(origins), at: origins).leads }
        }
    }

    /// Scores forecasts, one an origin.
    init(_ forecasts: [Forecast], at origins: LiveOrigins) {
        var leads = [Score](repeating: Score(), count: Forecast.leads)
        var persistence = leads
        var bands = [BandScore](repeating: BandScore(), count: Forecast.leads)
        var adaptiveBands = bands
        var bandsByLevel = [BandScore](repeating: BandScore(), count: Self.levels.count)
        let hasBands = forecasts.contains { $0.bands != nil }
        let adaptive =
            hasBands
            ? AdaptiveBands.issued(forecasts) { origins.observed(origins.range.lowerBound + $0, $1) } : forecasts
        for (origin, (forecast, adaptive)) in zip(origins.range, zip(forecasts, adaptive)) {
            for lead in 1...Forecast.leads {
                let observed = origins.observed(origin, lead)
                guard !observed.isNaN else { continue }
                leads[lead - 1].add(predicted: forecast.pm25[lead - 1], observed: observed)
                persistence[lead - 1].add(predicted: origins.rows[origin].pm25, observed: observed)
                guard forecast.bands != nil else { continue }
                let pm25 = forecast.pm25[lead - 1]
                let last = origins.rows[origin].pm25
                let level = (Self.levels.firstIndex { $0 > pm25 } ?? Self.levels.count) - 1
                bands[lead - 1].add(forecast, index: lead - 1, persistence: last, observed: observed)
                adaptiveBands[lead - 1].add(adaptive, index: lead - 1, persistence: last, observed: observed)
                bandsByLevel[level].add(forecast, index: lead - 1, persistence: last, observed: observed)
            }
        }
        self.leads = leads
        self.persistence = persistence
        self.bands = hasBands ? bands : nil
        self.adaptiveBands = hasBands ? adaptiveBands : nil
        self.bandsByLevel = hasBands ? bandsByLevel : nil
        self.forecasts = forecasts
        scored = origins
    }

    /// The hours that were origins.
    public var origins: Range<UTCHour> {
        let start = scored.series.start
        return start.advanced(by: scored.range.lowerBound)..<start.advanced(by: scored.range.upperBound)
    }

    /// Skill against persistence at each lead.
    public var skill: [Double] { zip(leads, persistence).map { $0.skill(against: $1) } }

    /// Ridge regression's skill against persistence at each lead.
    public var ridgeSkill: [Double]? { ridge.map { zip($0, persistence).map { $0.skill(against: $1) } } }

    /// Mean skill over the quoted leads.
    public var meanSkill: Double { Self.mean(skill) }

    /// Ridge regression's mean skill over the quoted leads.
    public var ridgeMeanSkill: Double? { ridgeSkill.map(Self.mean) }

    /// Mean interval score of the 80 % bands over the quoted leads, in µg/m³.
    public var meanIntervalScore80: Double? { bands.map { Self.mean($0.map(\.intervalScore80)) } }

    /// The same of the adaptive bands.
    public var meanAdaptiveIntervalScore80: Double? { adaptiveBands.map { Self.mean($0.map(\.intervalScore80)) } }

    private static func mean(_ byLead: [Double]) -> Double {
        quotedLeads.reduce(0) { $0 + byLead[$1 - 1] } / Double(quotedLeads.count)
    }

    /// One hour that was forecast.
    public struct Hour: Sendable {
        /// The hour.
        public let validAt: UTCHour
        /// pm25 in µg/m³, NaN where there was no reading.
        public let observed: Float
        /// The forecast that reaches the hour at the lead that was asked for.
        public let forecast: Forecast
    }

    /// What was forecast at a lead, and observed, in the whole days of the year in which the observed pm25 varied most.
    public func mostVariedCourse(lead: Int, days: Int) -> [Hour] {
        let course = zip(scored.range, forecasts).map { origin, forecast in
            Hour(
                validAt: scored.series.start.advanced(by: origin + lead), observed: scored.observed(origin, lead),
                forecast: forecast)
        }
        let stretches = stride(from: 0, through: course.count - 24 * days, by: 24).map { course[$0..<$0 + 24 * days] }
        return Array(stretches.max { Self.deviation(of: $0) < Self.deviation(of: $1) } ?? course[...])
    }

    /// Σ(pm25 − mean)² over the hours that were observed: gaps make it small.
    private static func deviation(of hours: ArraySlice<Hour>) -> Double {
        let observed = hours.lazy.map { Double($0.observed) }.filter { !$0.isNaN }
        let mean = observed.reduce(0, +) / Double(observed.count)
        return observed.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }

    /// The scores of `hazecast backtest --protocol live --json`.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "protocol": .string("live"), "leads": json(leads, bands: bands), "persistence": json(persistence),
            "mean_skill": .number(meanSkill),
        ]
        if let ridge, let ridgeMeanSkill {
            members["ridge"] = json(ridge)
            members["ridge_mean_skill"] = .number(ridgeMeanSkill)
        }
        if let bandsByLevel, let meanIntervalScore80, let adaptiveBands, let meanAdaptiveIntervalScore80 {
            members["mean_interval_score80"] = .number(meanIntervalScore80)
            members["adaptive_bands"] = byLead(adaptiveBands.map(\.json))
            members["adaptive_mean_interval_score80"] = .number(meanAdaptiveIntervalScore80)
            members["bands_by_level"] = .array(
                zip(Self.levels, bandsByLevel).map { level, score in
                    let members: [String: JSONValue] = ["from": .number(level), "n": .number(score.n)]
                    return .object(members.merging(score.json) { own, _ in own })
                })
        }
        return .object(members)
    }

    private func json(_ scores: [Score], bands: [BandScore]? = nil) -> JSONValue {
        let leads = scores.enumerated().map { index, score -> [String: JSONValue] in
            let skill = score.skill(against: persistence[index])
            let members: [String: JSONValue] = [
                "n": .number(score.n), "rmse": .number(score.rmse), "mae": .number(score.mae),
                "bias": .number(score.bias), "r2": .number(score.r2), "skill": .number(skill),
            ]
            return members.merging(bands?[index].json ?? [:]) { own, _ in own }
        }
        return byLead(leads)
    }

    private func byLead(_ members: [[String: JSONValue]]) -> JSONValue {
        .object(
            Dictionary(uniqueKeysWithValues: members.enumerated().map { ("\($0 + 1)", .object($1)) }))
    }
}
