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
    private var bandScores: [BandScore]?

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
        self.init(model.forecast(origins.windows, longitudes: origins.longitudes), at: origins)
        if withRidge {
            ridge = (try? Ridge.fit(series)).map { LiveProtocol($0.forecast(origins), at: origins).leads }
        }
    }

    /// Scores forecasts, one an origin.
    init(_ forecasts: [Forecast], at origins: LiveOrigins) {
        var leads = [Score](repeating: Score(), count: Forecast.leads)
        var persistence = leads
        var bandScores = [BandScore](repeating: BandScore(), count: Forecast.leads)
        for (origin, forecast) in zip(origins.range, forecasts) {
            for lead in 1...Forecast.leads {
                let observed = origins.observed(origin, lead)
                guard !observed.isNaN else { continue }
                leads[lead - 1].add(predicted: forecast.pm25[lead - 1], observed: observed)
                persistence[lead - 1].add(predicted: origins.rows[origin].pm25, observed: observed)
                bandScores[lead - 1].add(
                    forecast, index: lead - 1, persistence: origins.rows[origin].pm25, observed: observed)
            }
        }
        self.leads = leads
        self.persistence = persistence
        self.bandScores = forecasts.contains { $0.bands != nil } ? bandScores : nil
    }

    /// Skill against persistence at each lead.
    public var skill: [Double] { zip(leads, persistence).map { $0.skill(against: $1) } }

    /// Ridge regression's skill against persistence at each lead.
    public var ridgeSkill: [Double]? { ridge.map { zip($0, persistence).map { $0.skill(against: $1) } } }

    /// Mean skill over the quoted leads.
    public var meanSkill: Double { Self.mean(skill) }

    private static func mean(_ skill: [Double]) -> Double {
        quotedLeads.reduce(0) { $0 + skill[$1 - 1] } / Double(quotedLeads.count)
    }

    /// The scores of `hazecast backtest --protocol live --json`.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "protocol": .string("live"), "leads": json(leads, bands: bandScores), "persistence": json(persistence),
            "mean_skill": .number(meanSkill),
        ]
        if let ridge, let ridgeSkill {
            members["ridge"] = json(ridge)
            members["ridge_mean_skill"] = .number(Self.mean(ridgeSkill))
        }
        return .object(members)
    }

    private func json(_ scores: [Score], bands: [BandScore]? = nil) -> JSONValue {
        let leads = scores.enumerated().map { index, score in
            let skill = score.skill(against: persistence[index])
            let members: [String: JSONValue] = [
                "n": .number(score.n), "rmse": .number(score.rmse), "mae": .number(score.mae),
                "bias": .number(score.bias), "r2": .number(score.r2), "skill": .number(skill),
            ]
            return ("\(index + 1)", JSONValue.object(members.merging(bands?[index].json ?? [:]) { own, _ in own }))
        }
        return .object(Dictionary(uniqueKeysWithValues: leads))
    }
}
