import Foundation

/// Factors by which a station's bands are widened or narrowed, one a lead and band, learnt from how often they held.
///
/// Adaptive conformal inference (Gibbs and Candès, 2021) on the logarithm of the width, a step a day: each observation
/// outside of its band widens it, each one inside narrows it, so that in the long run the share outside is what the band
/// promises, whatever the errors do. A day's factors follow from those of the day before and that day's outcomes alone.
public struct AdaptiveBands: Sendable, Equatable {
    /// Factor of the 80 % band's distance from the forecast at each lead; element `lead - 1`.
    public let factors80: [Float]
    /// The same of the 95 % band.
    public let factors95: [Float]

    /// No factor is below or above.
    public static let bounds: ClosedRange<Float> = 0.25...4
    /// Steps of the logarithm for a day of 24 observations; chosen on 2013, see docs/models.md.
    static let rate = 0.5
    /// The same in a station's first days, when its bands have the farthest to go.
    static let firstRate = 0.75
    /// Days of `firstRate`.
    static let firstDays = 30

    /// Nothing is known: bands stay as they are.
    public init() {
        factors80 = Array(repeating: 1, count: Forecast.leads)
        factors95 = factors80
    }

    /// Factors of an earlier day, `Forecast.leads` of each.
    public init(factors80: [Float], factors95: [Float]) {
        precondition(factors80.count == Forecast.leads && factors95.count == Forecast.leads, "a factor for each lead")
        self.factors80 = factors80
        self.factors95 = factors95
    }

    /// What was observed in a day, beside the bands that had been issued for it.
    public struct Outcomes: Sendable, Equatable {
        /// Observations at each lead.
        public private(set) var n = [Int](repeating: 0, count: Forecast.leads)
        /// Those outside of the 80 % band.
        public private(set) var outside80 = [Int](repeating: 0, count: Forecast.leads)
        /// Those outside of the 95 % band.
        public private(set) var outside95 = [Int](repeating: 0, count: Forecast.leads)

        /// A day of which nothing is known yet.
        public init() {}

        /// Adds observations at a lead that were counted elsewhere.
        public mutating func add(lead: Int, n: Int, outside80: Int, outside95: Int) {
            self.n[lead - 1] += n
            self.outside80[lead - 1] += outside80
            self.outside95[lead - 1] += outside95
        }

        /// Adds an observation in µg/m³ at a lead of bands as they were issued; one that is NaN is passed over.
        public mutating func add(_ issued: Forecast.Bands, lead: Int, observed: Float) {
            if observed.isNaN { return }
            let index = lead - 1
            n[index] += 1
            // No ranges: the bands are NaN where the series lacks a measure that the model needs.
            if !(issued.lower80[index] <= observed && observed <= issued.upper80[index]) { outside80[index] += 1 }
            if !(issued.lower95[index] <= observed && observed <= issued.upper95[index]) { outside95[index] += 1 }
        }
    }

    /// The factors after another day; leads without an observation keep theirs.
    ///
    /// - Parameter age: days since all factors were 1.
    public func after(_ day: Outcomes, age: Int) -> AdaptiveBands {
        after(day, rate: age < Self.firstDays ? Self.firstRate : Self.rate)
    }

    private func after(_ day: Outcomes, rate: Double) -> AdaptiveBands {
        func next(_ factors: [Float], _ outside: [Int], _ promised: Double) -> [Float] {
            factors.indices.map { lead in
                let excess = Double(outside[lead]) - promised * Double(day.n[lead])
                let factor = Double(factors[lead]) * exp(rate / 24 * excess)
                return min(max(Float(factor), Self.bounds.lowerBound), Self.bounds.upperBound)
            }
        }
        return AdaptiveBands(
            factors80: next(factors80, day.outside80, 0.2), factors95: next(factors95, day.outside95, 0.05))
    }

    /// Widens or narrows a model's bands: none below zero, none crossing.
    public func apply(to row: ForecastRow) {
        if !row.hasBands { return }
        let leads = Forecast.leads
        for lead in 0..<leads {
            let values = row.values + lead
            let value = values[0]
            let lower80 = max(0, value - (value - values[leads]) * factors80[lead])
            let upper80 = value + (values[2 * leads] - value) * factors80[lead]
            let lower95 = max(0, value - (value - values[3 * leads]) * factors95[lead])
            let upper95 = value + (values[4 * leads] - value) * factors95[lead]
            values[leads] = lower80
            values[2 * leads] = upper80
            values[3 * leads] = min(lower95, lower80)
            values[4 * leads] = max(upper95, upper80)
        }
    }

    /// A forecast with its model's bands widened or narrowed.
    public func applied(to forecast: Forecast) -> Forecast { forecast.changed(apply) }

    /// The forecasts of consecutive origins with the bands that they would have been issued with.
    ///
    /// Factors are learnt once in 24 hours from what was observed since the time before, and hold for the next 24 origins:
    /// none knows an hour after the origin, nor the origin's own.
    ///
    /// - Parameters:
    ///   - rate: the same on all days; nil: as `after(_:age:)` has it.
    ///   - observed: pm25 in µg/m³ at a lead after the origin of an index, NaN where it was not.
    static func issued(
        _ forecasts: [Forecast], rate: Double? = nil, observed: (_ index: Int, _ lead: Int) -> Float
    ) -> [Forecast] {
        var bands = AdaptiveBands()
        var issued: [Forecast] = []
        for start in stride(from: 0, to: forecasts.count, by: 24) {
            let day = start..<min(start + 24, forecasts.count)
            issued += forecasts[day].map(bands.applied)
            var outcomes = Outcomes()
            for hour in day {
                for lead in 1...Forecast.leads where hour >= lead {
                    guard let bands = issued[hour - lead].bands else { continue }
                    outcomes.add(bands, lead: lead, observed: observed(hour - lead, lead))
                }
            }
            bands = rate.map { bands.after(outcomes, rate: $0) } ?? bands.after(outcomes, age: start / 24)
        }
        return issued
    }
}
