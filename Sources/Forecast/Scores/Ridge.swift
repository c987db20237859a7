/// Ridge regression from a flattened window to the change of pm25 at each lead: the baseline that a network must beat.
///
/// It sees every hour's pm25, dew point, temperature, pressure and wind components, and the hour of the day; of a series
/// without some of these, the rest.
struct Ridge {
    /// Penalties tried, in multiples of the windows that are fit.
    private static let penalties = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    private static let features: [Feature] = [.pm25, .dewPoint, .temperature, .pressure, .windEast, .windNorth]
    /// Windows that a fit needs before a station's scored rows.
    private static let leastWindows = 1_000

    private let encoder: WindowEncoder
    /// size × leads.
    private let weights: [Double]

    /// Fits on the rows before the test year; the penalty is the one with the best mean skill on the last year of them
    /// when fit on what is before that.
    static func fit(_ series: HourlySeries) throws(ForecastError) -> Ridge {
        let end = try Backtest.firstTestRow(of: series)
        let chosenFrom = end - Backtest.testHours
        guard chosenFrom > 2 * Window.length else {
            throw ForecastError(.tooLittleData, "ridge needs two years of readings before the test year")
        }
        guard let ridge = fit(series, features, before: end, choosingFrom: chosenFrom) else {
            throw ForecastError(.tooLittleData, "ridge has no solution; is a measure missing throughout?")
        }
        return ridge
    }

    /// Fits on the rows before `end` with the measures that the series has there; the penalty is chosen on the last year of
    /// them, or on the last half where there are fewer than two years.
    ///
    /// - Returns: nil where there are too few windows.
    static func fit(_ series: HourlySeries, before end: Int) -> Ridge? {
        let chosenFrom = end - min(Backtest.testHours, end / 2)
        guard chosenFrom > 2 * Window.length else { return nil }
        let known = series.measures.prefix(chosenFrom)
        func has(_ measure: KeyPath<Measures, Float>) -> Bool { known.contains { !$0[keyPath: measure].isNaN } }
        let features = features.filter { feature in
            switch feature {
            case .dewPoint: has(\.dewPoint)
            case .temperature: has(\.temperature)
            case .pressure: has(\.pressure)
            case .windEast, .windNorth: has(\.windSpeed) && has(\.windDirection)
            default: has(\.pm25)
            }
        }
        guard features.contains(.pm25) else { return nil }
        return fit(series, features, before: end, choosingFrom: chosenFrom, leastWindows: leastWindows)
    }

    private static func fit(
        _ series: HourlySeries, _ features: [Feature], before end: Int, choosingFrom chosenFrom: Int,
        leastWindows: Int = 0
    ) -> Ridge? {
        let known = series.part(..<end)
        let validation = LiveOrigins(known, chosenFrom..<end)
        let trial = NormalEquations(series, features, before: chosenFrom)
        guard trial.count >= leastWindows else { return nil }
        var best: (penalty: Double, skill: Double) = (penalties[0], -.infinity)
        for penalty in penalties {
            guard let ridge = trial.solve(penalty) else { continue }
            let skill = LiveProtocol(ridge.forecast(validation), at: validation).meanSkill
            if skill > best.skill { best = (penalty, skill) }
        }
        return NormalEquations(series, features, before: end).solve(best.penalty)
    }

    /// Forecasts at every origin, none below zero.
    func forecast(_ origins: LiveOrigins) -> [Forecast] { forecast(origins, at: origins.range) }

    /// Forecasts at some rows, none below zero.
    func forecast(_ origins: LiveOrigins, at rows: some Sequence<Int>) -> [Forecast] {
        let encoded = Encoded(origins, encoder)
        return rows.map { origin in
            let x = encoded.row(origin)
            let last = origins.rows[origin].pm25
            return Forecast(
                pm25: (0..<Forecast.leads).map { lead in
                    var change = 0.0
                    for index in x.indices { change += Double(x[index]) * weights[index * Forecast.leads + lead] }
                    return max(0, last + Float(change))
                })
        }
    }

    /// A series' hours, from which the rows of X are cut: no feature looks at another hour.
    private struct Encoded {
        private let origins: LiveOrigins
        private let values: [Float]
        private let features: Int

        init(_ origins: LiveOrigins, _ encoder: WindowEncoder) {
            self.origins = origins
            features = encoder.features.count
            values = encoder.encode(
                origins.rows, lastHour: origins.series.start, longitude: origins.series.longitude)
        }

        func row(_ origin: Int) -> [Float] {
            let clock = WindowEncoder.unscaled([.hourSine, .hourCosine])
                .encode(
                    [origins.rows[origin]], lastHour: origins.series.start.advanced(by: origin),
                    longitude: origins.series.longitude)
            return values[(origin - Window.length + 1) * features..<(origin + 1) * features] + clock + [1]
        }
    }

    /// XᵀX and XᵀY over the windows before a row. Windows without an observation at every lead are left out.
    private struct NormalEquations {
        private let encoder: WindowEncoder
        /// Columns of X.
        private let size: Int
        private var xx: [Float]
        private var xy: [Float]
        /// Rows of X.
        private(set) var count = 0
        private var totals: (xx: [Double], xy: [Double])

        init(_ series: HourlySeries, _ features: [Feature], before end: Int) {
            size = Window.length * features.count + 3
            xx = [Float](repeating: 0, count: size * size)
            xy = [Float](repeating: 0, count: size * Forecast.leads)
            let known = series.part(..<end)
            let origins = LiveOrigins(known, Window.length - 1..<end - Forecast.leads)
            let values = WindowEncoder.unscaled(features)
                .encode(origins.rows, lastHour: series.start, longitude: series.longitude)
            encoder = WindowEncoder(
                features: features,
                scales: features.indices.map { index in
                    Normalisation.Scale(
                        deviationOf: stride(from: index, to: values.count, by: features.count).map { values[$0] })
                })
            totals = (
                Array(repeating: 0, count: size * size), Array(repeating: 0, count: size * Forecast.leads)
            )
            let encoded = Encoded(origins, encoder)
            for origin in origins.range {
                add(origins, origin, encoded)
                if count % 256 == 0 { flush() }
            }
            flush()
        }

        private mutating func add(_ origins: LiveOrigins, _ origin: Int, _ encoded: Encoded) {
            let changes = (1...Forecast.leads).map { origins.observed(origin, $0) - origins.rows[origin].pm25 }
            guard !changes.contains(where: \.isNaN) else { return }
            let x = encoded.row(origin)
            for i in 0..<size {
                for j in i..<size { xx[i * size + j] += x[i] * x[j] }
                for lead in changes.indices { xy[i * Forecast.leads + lead] += x[i] * changes[lead] }
            }
            count += 1
        }

        /// Float sums stay short, so that little is lost.
        private mutating func flush() {
            for index in xx.indices { totals.xx[index] += Double(xx[index]) }
            for index in xy.indices { totals.xy[index] += Double(xy[index]) }
            for index in xx.indices { xx[index] = 0 }
            for index in xy.indices { xy[index] = 0 }
        }

        /// Cholesky's factorisation of XᵀX + λI, and the solution for every lead; nil where there is none.
        func solve(_ penalty: Double) -> Ridge? {
            var l = [Double](repeating: 0, count: size * size)
            for i in 0..<size {
                for j in 0...i {
                    var sum = totals.xx[j * size + i]
                    // The constant is not penalised.
                    if i == j, i < size - 1 { sum += penalty * Double(count) }
                    for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
                    if i == j {
                        guard sum > 0 else { return nil }
                        l[i * size + i] = sum.squareRoot()
                    } else {
                        l[i * size + j] = sum / l[j * size + j]
                    }
                }
            }
            var w = totals.xy
            for lead in 0..<Forecast.leads {
                for i in 0..<size {
                    for k in 0..<i { w[i * Forecast.leads + lead] -= l[i * size + k] * w[k * Forecast.leads + lead] }
                    w[i * Forecast.leads + lead] /= l[i * size + i]
                }
                for i in (0..<size).reversed() {
                    for k in i + 1..<max(size, i + 1) {
                        w[i * Forecast.leads + lead] -= l[k * size + i] * w[k * Forecast.leads + lead]
                    }
                    w[i * Forecast.leads + lead] /= l[i * size + i]
                }
            }
            return Ridge(encoder: encoder, weights: w)
        }
    }
}
