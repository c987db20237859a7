/// Ridge regression from a flattened window to the change of pm25 at each lead: the baseline that a network must beat.
///
/// It sees every hour's pm25, dew point, temperature, pressure and wind components, and the hour of the day.
struct Ridge {
    /// Penalties tried, in multiples of the windows that are fit.
    private static let penalties = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    private static let features: [Feature] = [.pm25, .dewPoint, .temperature, .pressure, .windEast, .windNorth]
    private static let size = Window.length * features.count + 3

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
        let known = series.part(..<end)
        let validation = LiveOrigins(known, chosenFrom..<end)
        let trial = NormalEquations(series, before: chosenFrom)
        var best: (penalty: Double, skill: Double) = (penalties[0], -.infinity)
        for penalty in penalties {
            guard let ridge = trial.solve(penalty) else { continue }
            let skill = LiveProtocol(ridge.forecast(validation), at: validation).meanSkill
            if skill > best.skill { best = (penalty, skill) }
        }
        guard let ridge = NormalEquations(series, before: end).solve(best.penalty) else {
            throw ForecastError(.tooLittleData, "ridge has no solution; is a measure missing throughout?")
        }
        return ridge
    }

    /// Forecasts at every origin, none below zero.
    func forecast(_ origins: LiveOrigins) -> [Forecast] {
        origins.range.map { origin in
            let x = Self.row(origins, origin, encoder)
            let last = origins.rows[origin].pm25
            return Forecast(
                pm25: (0..<Forecast.leads).map { lead in
                    var change = 0.0
                    for index in x.indices { change += Double(x[index]) * weights[index * Forecast.leads + lead] }
                    return max(0, last + Float(change))
                })
        }
    }

    private static func row(_ origins: LiveOrigins, _ origin: Int, _ encoder: WindowEncoder) -> [Float] {
        let hour = origins.series.start.advanced(by: origin)
        let longitude = origins.series.longitude
        let window = Array(origins.rows[origin - Window.length + 1...origin])
        let clock = WindowEncoder.unscaled([.hourSine, .hourCosine])
            .encode(Array(window.suffix(1)), lastHour: hour, longitude: longitude)
        return encoder.encode(window, lastHour: hour, longitude: longitude) + clock + [1]
    }

    /// XᵀX and XᵀY over the windows before a row. Windows without an observation at every lead are left out.
    private struct NormalEquations {
        private let encoder: WindowEncoder
        private var xx = [Float](repeating: 0, count: size * size)
        private var xy = [Float](repeating: 0, count: size * Forecast.leads)
        private var count = 0
        private var totals: (xx: [Double], xy: [Double])

        init(_ series: HourlySeries, before end: Int) {
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
            for origin in origins.range {
                add(origins, origin)
                if count % 256 == 0 { flush() }
            }
            flush()
        }

        private mutating func add(_ origins: LiveOrigins, _ origin: Int) {
            let changes = (1...Forecast.leads).map { origins.observed(origin, $0) - origins.rows[origin].pm25 }
            guard !changes.contains(where: \.isNaN) else { return }
            let x = row(origins, origin, encoder)
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
