/// Factors by which a station's forecast changes are multiplied, one for each lead, learnt once a day from the station's own
/// outcomes.
///
/// Each is the least-squares factor of the forecast changes, drawn towards 1 by as much as ten days of outcomes weigh; the past
/// fades over 60 days. Outcomes are those of unfactored changes, so that a factor never learns from itself.
package struct ChangeFactors: Sendable, Equatable {
    /// Days of outcomes that the factor 1 weighs as much as.
    private static let priorDays = 10.0
    /// Share of the past that a day leaves.
    private static let memory = 1 - 1 / 60.0
    /// Range of a factor; above zero, so that the change that it was applied to can be told from the forecast.
    package static let bounds: ClosedRange<Double> = 0.1...1.2

    /// Sums over outcomes, for each lead: forecast change times observed change, forecast change squared, both divided by a
    /// level in µg/m³, and their number.
    package struct Sums: Sendable, Equatable {
        package var products = [Double](repeating: 0, count: Forecast.leads)
        package var squares = [Double](repeating: 0, count: Forecast.leads)
        package var counts = [Double](repeating: 0, count: Forecast.leads)

        /// The sums of nothing.
        package init() {}

        /// Adds an outcome in µg/m³.
        ///
        /// - Parameters:
        ///   - lead: from 1.
        ///   - forecast: unfactored.
        package mutating func add(lead: Int, forecast: Float, last: Float, observed: Float) {
            if observed.isNaN { return }
            let change = Double(forecast - last)
            let level = Self.level(last)
            products[lead - 1] += change * Double(observed - last) / level
            squares[lead - 1] += change * change / level
            counts[lead - 1] += 1
        }

        /// What an outcome is divided by in µg/m³: errors grow with the level, and high hours must not decide alone.
        private static func level(_ last: Float) -> Double { Double(max(last, 0)) + 5 }
    }

    /// The sums up to now, faded.
    package let sums: Sums
    /// The factor of each lead.
    package let values: [Float]

    /// Nothing is known: every factor is 1.
    package init() { self.init(sums: Sums()) }

    /// From sums that were kept.
    package init(sums: Sums) {
        self.sums = sums
        values = (0..<Forecast.leads).map { lead in
            guard sums.counts[lead] > 0, sums.squares[lead] > 0 else { return 1 }
            let prior = 24 * Self.priorDays * sums.squares[lead] / sums.counts[lead]
            let factor = (sums.products[lead] + prior) / (sums.squares[lead] + prior)
            return Float(min(max(factor, Self.bounds.lowerBound), Self.bounds.upperBound))
        }
    }

    /// The factors after another day.
    package func after(_ day: Sums) -> ChangeFactors {
        var sums = Sums()
        for lead in 0..<Forecast.leads {
            sums.products[lead] = self.sums.products[lead] * Self.memory + day.products[lead]
            sums.squares[lead] = self.sums.squares[lead] * Self.memory + day.squares[lead]
            sums.counts[lead] = self.sums.counts[lead] * Self.memory + day.counts[lead]
        }
        return ChangeFactors(sums: sums)
    }

    /// Multiplies a forecast's changes from the last reading, in µg/m³; its bands move with it and stay as wide.
    package func apply(to row: ForecastRow, last: Float) { Self.apply(values, to: row, last: last) }

    /// The same by factors that were kept.
    package static func apply(_ factors: [Float], to row: ForecastRow, last: Float) {
        let leads = Forecast.leads
        for lead in 0..<leads {
            let values = row.values + lead
            let before = values[0]
            values[0] = max(0, last + (before - last) * factors[lead])
            if !row.hasBands { continue }
            let moved = values[0] - before
            values[leads] = max(0, values[leads] + moved)
            values[2 * leads] = max(values[0], values[2 * leads] + moved)
            values[3 * leads] = max(0, values[3 * leads] + moved)
            values[4 * leads] = max(values[0], values[4 * leads] + moved)
        }
    }
}
