import Forecast
import Plot

extension Figure {
    /// Mean skill and coverage of many stations, the stations in the order of their skill.
    static func world(_ scores: WorldBacktest, title: String) -> Figure {
        let stations = scores.counted.sorted { $0.meanSkill($0.model.leads) < $1.meanSkill($1.model.leads) }
        let countries = Set(stations.map(\.station.country)).count
        return Figure(
            title: title,
            caption:
                "\(stations.count) stations of \(countries) countries · the last year of each, as it would have been "
                + "live",
            rows: [[skill(stations, mean: scores.mean { $0.meanSkill($0.model.leads) })], [coverage(stations)]])
    }

    private static func points(
        _ stations: [StationBacktest], _ value: (StationBacktest) -> Double
    ) -> [(x: Double, y: Double)] {
        stations.enumerated().map { (Double($0 + 1), value($1)) }
    }

    private static func skill(_ stations: [StationBacktest], mean: Double) -> Plot {
        var series = [Plot.Series("persistence", .muted, points(stations) { _ in 0 }, as: .dashes)]
        if stations.contains(where: { $0.ridge != nil }) {
            series.append(.init("ridge", .orange, points(stations, \.ridgeMeanSkill), as: .thin))
        }
        series.append(.init("adapted", .purple, points(stations) { $0.meanSkill($0.adapted.leads) }, as: .thin))
        series.append(.init("this model", .blue, points(stations) { $0.meanSkill($0.model.leads) }, as: .dots))
        // A baseline that is far worse than persistence must not flatten the rest.
        let shown = series.flatMap { $0.points.map(\.y) }.filter { $0 > -1 }
        return Plot(
            title: "Mean skill by station; mean over countries: \(Axis.text(mean, digits: 3))",
            x: stationAxis(stations), y: Axis("1 − MSE / MSE of persistence", covering: shown), series: series,
            names: .inLegend)
    }

    private static func coverage(_ stations: [StationBacktest]) -> Plot {
        func inside(_ share: KeyPath<BandScore, Double>) -> [(x: Double, y: Double)] {
            points(stations) { station in
                station.model.bands.reduce(0) { $0 + $1[keyPath: share] } / Double(Forecast.leads) * 100
            }
        }
        let (in80, in95) = (inside(\.coverage80), inside(\.coverage95))
        return Plot(
            title: "Inside the 80 % and 95 % bands, all leads", x: stationAxis(stations),
            y: Axis("observations in %", covering: (in80 + in95).map(\.y) + [70, 100]),
            series: [
                .init("nominal", .muted, points(stations) { _ in 80 }, as: .dashes),
                .init(nil, .muted, points(stations) { _ in 95 }, as: .dashes),
                .init("inside", .blue, in80, as: .dots), .init(nil, .blue, in95, as: .dots),
            ], names: .inLegend)
    }

    private static func stationAxis(_ stations: [StationBacktest]) -> Axis {
        let step = max(1, (stations.count + 19) / 20)
        return Axis(
            "stations in the order of their skill", 0.5...Double(max(stations.count, 1)) + 0.5,
            ticks: stride(from: 0, to: stations.count, by: step).map { index in
                Axis.Tick(value: Double(index + 1), text: stations[index].station.country.prefix(4) + "")
            })
    }
}
