/// The live protocol: every hour of the last year is an origin, and only rows known at that hour are used.
public struct LiveProtocol: Sendable {
    /// The leads whose mean skill is quoted.
    public static let quotedLeads = [1, 2, 4, 8, 12, 24]

    /// The model's scores, `Forecast.leads` of them; element `lead - 1`.
    public let leads: [Score]
    /// Persistence's scores: the last pm25 known at the origin.
    public let persistence: [Score]

    /// Scores a model on a series' last year.
    ///
    /// Gaps are carried forward without limit; only observed hours are scored.
    ///
    /// - Throws: `tooLittleData`.
    public init(_ model: Model, on series: HourlySeries) throws(ForecastError) {
        let first = try Backtest.firstTestRow(of: series)
        let rows = series.filled(pm25: .carried)
        let origins = first..<rows.count
        let forecasts = model.forecast(
            origins.map { origin in
                Window(
                    origin: series.start.advanced(by: origin),
                    steps: Array(rows[origin - Window.length + 1...origin]))
            })
        var leads = [Score](repeating: Score(), count: Forecast.leads)
        var persistence = leads
        for (origin, forecast) in zip(origins, forecasts) {
            for lead in 1...Forecast.leads where origin + lead < rows.count {
                let observed = series.measures[origin + lead].pm25
                guard !observed.isNaN else { continue }
                leads[lead - 1].add(predicted: forecast.pm25[lead - 1], observed: observed)
                persistence[lead - 1].add(predicted: rows[origin].pm25, observed: observed)
            }
        }
        self.leads = leads
        self.persistence = persistence
    }

    /// Skill against persistence at each lead.
    public var skill: [Double] { zip(leads, persistence).map { $0.skill(against: $1) } }

    /// Mean skill over the quoted leads.
    public var meanSkill: Double {
        Self.quotedLeads.reduce(0) { $0 + skill[$1 - 1] } / Double(Self.quotedLeads.count)
    }

    /// The scores of `hazecast backtest --protocol live --json`.
    public var json: JSONValue {
        func json(_ scores: [Score]) -> JSONValue {
            .object(
                Dictionary(
                    uniqueKeysWithValues: scores.enumerated().map { index, score in
                        let skill = score.skill(against: persistence[index])
                        let members: [String: JSONValue] = [
                            "n": .number(score.n), "rmse": .number(score.rmse), "mae": .number(score.mae),
                            "bias": .number(score.bias), "r2": .number(score.r2), "skill": .number(skill),
                        ]
                        return ("\(index + 1)", .object(members))
                    }))
        }
        return .object([
            "protocol": .string("live"), "leads": json(leads), "persistence": json(persistence),
            "mean_skill": .number(meanSkill),
        ])
    }
}
