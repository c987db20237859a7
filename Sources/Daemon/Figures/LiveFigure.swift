import Forecast
import Plot

extension Figure {
    /// The lead whose course is drawn, in hours.
    private static let courseLead = 8
    /// How much of the year is drawn.
    private static let courseDays = 21

    /// Skill by lead; weeks of forecasts and what was observed; and, of a model with bands, how they held.
    static func live(_ current: Scored<LiveProtocol>, previous: Scored<LiveProtocol>?) -> Figure {
        let scores = current.scores
        let hours = scores.origins
        return Figure(
            title: "\(current.model.name): forecasts as they would have been live",
            caption:
                "\(current.weights) · every hour from \(hours.lowerBound) to \(hours.upperBound.advanced(by: -1)) is an origin"
                + (previous.map { " · previous: \($0.name)" } ?? ""),
            rows: [[skill(scores, previous?.scores)], [course(scores)]] + reliability(scores))
    }

    private static func skill(_ scores: LiveProtocol, _ previous: LiveProtocol?) -> Plot {
        func byLead(_ values: [Double]) -> [(x: Double, y: Double)] {
            values.enumerated().map { (Double($0 + 1), $1) }
        }
        var series = [Plot.Series("persistence", .muted, byLead(scores.skill.map { _ in 0 }), as: .dashes)]
        if let ridge = scores.ridgeSkill { series.append(.init("ridge", .orange, byLead(ridge))) }
        if let previous { series.append(.init("previous", .purple, byLead(previous.skill))) }
        series.append(.init("this model", .blue, byLead(scores.skill), as: .dots))
        let leads = LiveProtocol.quotedLeads.map(String.init).joined(separator: ", ")
        return Plot(
            title: "Skill by lead",
            x: leadAxis,
            y: Axis(
                "1 − MSE / MSE of persistence; mean over leads \(leads): \(Axis.text(scores.meanSkill, digits: 3))",
                covering: series.flatMap { $0.points.map(\.y) }),
            series: series)
    }

    private static func course(_ scores: LiveProtocol) -> Plot {
        let lead = courseLead
        let hours = scores.mostVariedCourse(lead: lead, days: courseDays)
        func line(_ value: (LiveProtocol.Hour) -> Float?) -> [(x: Double, y: Double)] {
            hours.map { (Double($0.validAt.hoursSinceEpoch), Double(value($0) ?? .nan)) }
        }
        func band(
            _ name: String, _ lower: KeyPath<Forecast.Bands, [Float]>, _ upper: KeyPath<Forecast.Bands, [Float]>,
            opacity: Double
        ) -> Plot.Series {
            let upper = line { $0.forecast.bands?[keyPath: upper][lead - 1] }.map(\.y)
            return Plot.Series(
                name, .blue, line { $0.forecast.bands?[keyPath: lower][lead - 1] },
                as: .band(upper: upper, opacity: opacity))
        }
        var series = [
            Plot.Series("forecast", .blue, line { $0.forecast.pm25[lead - 1] }),
            Plot.Series("observed", .strong, line { $0.observed }, as: .thin),
        ]
        if scores.bands != nil {
            series.insert(band("95 %", \.lower95, \.upper95, opacity: 0.15), at: 0)
            series.insert(band("80 %", \.lower80, \.upper80, opacity: 0.3), at: 1)
        }
        let first = hours.first?.validAt ?? scores.origins.lowerBound
        let last = hours.last?.validAt ?? first.advanced(by: 1)
        let midnights = (first...last).filter { $0.hourOfDay == 0 }
        return Plot(
            title: "Forecasts \(lead) hours ahead, in the \(courseDays / 7) weeks of the year that varied most",
            x: Axis(
                "the hour that is forecast, UTC",
                Double(first.hoursSinceEpoch)...Double(last.hoursSinceEpoch),
                ticks: stride(from: 0, to: midnights.count, by: 3).map { index in
                    Axis.Tick(value: Double(midnights[index].hoursSinceEpoch), text: midnights[index].dayAndMonth)
                }),
            y: Axis(
                "PM2.5 in µg/m³",
                covering: [0] + series.flatMap { $0.points.map(\.y) + $0.upper }),
            series: series, names: .inLegend)
    }

    /// Nominal and observed coverage by lead and by the level of the forecast; nothing without bands.
    private static func reliability(_ scores: LiveProtocol) -> [[Plot]] {
        guard let byLead = scores.bands, let byLevel = scores.bandsByLevel else { return [] }
        let levels = LiveProtocol.levels.map { String(Int($0)) }
        let levelAxis = Axis(
            "forecast in µg/m³, all leads", -0.5...Double(levels.count) - 0.5,
            ticks: levels.indices.map { index in
                let isLast = index + 1 == levels.count
                return Axis.Tick(
                    value: Double(index), text: isLast ? "≥ \(levels[index])" : "\(levels[index])–\(levels[index + 1])")
            })
        let shares = (byLead + byLevel).flatMap { [$0.coverage80, $0.coverage95] }
        let coverage = Axis("observations in %", covering: (shares + [0.7, 1]).map { $0 * 100 })
        func plot(_ title: String, _ x: Axis, _ scores: [BandScore], first: Double) -> Plot {
            func observed(_ share: KeyPath<BandScore, Double>) -> [(x: Double, y: Double)] {
                scores.enumerated().map { (first + Double($0), 100 * $1[keyPath: share]) }
            }
            func nominal(_ name: String?, _ percent: Double) -> Plot.Series {
                .init(name, .muted, [(x.range.lowerBound, percent), (x.range.upperBound, percent)], as: .dashes)
            }
            return Plot(
                title: title, x: x, y: coverage,
                series: [
                    nominal("nominal", 80), nominal(nil, 95), .init("inside", .blue, observed(\.coverage80), as: .dots),
                    .init(nil, .blue, observed(\.coverage95), as: .dots),
                ], names: .inLegend)
        }
        return [
            [
                plot("Inside the 80 % and 95 % bands, by lead", leadAxis, byLead, first: 1),
                plot("… and by level of the forecast", levelAxis, byLevel, first: 0),
            ]
        ]
    }

    private static var leadAxis: Axis {
        Axis(
            "lead in hours", 0.5...Double(Forecast.leads) + 0.5,
            ticks: [1, 4, 8, 12, 16, 20, 24].map { Axis.Tick(value: Double($0), text: "\($0)") })
    }
}

extension UTCHour {
    /// `12 Feb`.
    fileprivate var dayAndMonth: String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date = description.prefix(10).split(separator: "-").compactMap { Int($0) }
        return "\(date[2]) \(months[date[1] - 1])"
    }
}
