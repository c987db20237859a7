/// How far a model's forecasts and those of persistence were from what was observed, by lead, of the same hours.
public struct LiveErrors: Sendable, Equatable {
    /// Hours that were compared; element `lead - 1`.
    public private(set) var scored = [Int](repeating: 0, count: Forecast.leads)
    /// Sums of the model's squared errors over them in (µg/m³)².
    public private(set) var model = [Double](repeating: 0, count: Forecast.leads)
    /// The same of persistence.
    public private(set) var persistence = [Double](repeating: 0, count: Forecast.leads)

    /// Nothing was compared.
    public init() {}

    /// Adds hours that were summed up elsewhere.
    public mutating func add(lead: Int, scored: Int, model: Double, persistence: Double) {
        self.scored[lead - 1] += scored
        self.model[lead - 1] += model
        self.persistence[lead - 1] += persistence
    }

    /// Adds one hour, in µg/m³; one that was not observed is passed over.
    public mutating func add(lead: Int, model: Float, persistence: Float, observed: Float) {
        if observed.isNaN { return }
        let error = Double(model) - Double(observed)
        let held = Double(persistence) - Double(observed)
        add(lead: lead, scored: 1, model: error * error, persistence: held * held)
    }

    /// The hours of both.
    public static func + (a: LiveErrors, b: LiveErrors) -> LiveErrors {
        var sum = a
        for lead in 1...Forecast.leads {
            sum.add(
                lead: lead, scored: b.scored[lead - 1], model: b.model[lead - 1], persistence: b.persistence[lead - 1])
        }
        return sum
    }

    /// Whether the model's RMSE over all leads is more than twice that of persistence, over `LiveVerdict.leastNonsense` hours at
    /// least: a model that is plainly wrong must not serve until it has been judged for weeks.
    package var isNonsense: Bool {
        scored[0] >= LiveVerdict.leastNonsense && model.reduce(0, +) > 4 * persistence.reduce(0, +)
    }

    /// Mean skill of the model against persistence over the quoted leads; nil with fewer than `LiveVerdict.leastHours` at one
    /// of them, or where persistence was never wrong.
    public var skill: Double? {
        let skills = LiveProtocol.quotedLeads.map { lead -> Double? in
            let index = lead - 1
            guard scored[index] >= LiveVerdict.leastHours, persistence[index] > 0 else { return nil }
            return 1 - model[index] / persistence[index]
        }
        let known = skills.compactMap(\.self)
        return known.count == skills.count ? known.reduce(0, +) / Double(known.count) : nil
    }
}

/// Whether a station's model serves, or persistence, which is as good and simpler.
///
/// The thresholds are measured in docs/decisions/0007-kept-honest.md.
public enum LiveVerdict {
    /// Days that are looked at together.
    public static let days = 21
    /// Hours that they must have at each quoted lead; before that the model serves.
    static let leastHours = 252
    /// Hours after which a model that is plainly wrong hands over to persistence.
    static let leastNonsense = 48
    /// Mean skill below which persistence takes over.
    static let least = -0.05
    /// Mean skill above which the model takes over again.
    public static let enough = 0.05

    /// - Parameters:
    ///   - skill: of the model over the last days, `LiveErrors.skill`.
    ///   - before: whether persistence has served until now, because of the same model.
    public static func persistenceServes(skill: Double?, before: Bool) -> Bool {
        guard let skill else { return before }
        return before ? skill <= enough : skill < least
    }
}
