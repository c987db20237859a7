import Plot

/// The last days of a station and its forecast, for the width of a desk's screen and for that of a phone.
struct FanChart {
    let detail: StationDetail
    let categories: [Category]
    let timeZone: String
    /// Seconds since 1970.
    let now: Double

    /// Both drawings; the style sheet shows one of them.
    var html: HTML {
        let label =
            "Chart of PM2.5: the last three days as observed, and the forecast with its bands. The table below has the "
            + "same numbers."
        return """
            <div class="chart wide" role="img" aria-label="\(label)">\(HTML(raw: svg(width: 900, step: 6)))</div>
            <div class="chart narrow" role="img" aria-label="\(label)">\(HTML(raw: svg(width: 400, step: 24)))</div>
            """
    }

    private func svg(width: Double, step: Int) -> String {
        let hours = detail.readings.map(\.hour) + detail.leads.map(\.hour)
        let begin = hours.map(\.secondsSinceEpoch).min() ?? now - 259_200
        let end = max(hours.map(\.secondsSinceEpoch).max() ?? now, begin + 3600)
        let ticks = hours.filter { $0.ofDay % step == 0 }.map { hour in
            Axis.Tick(
                value: hour.secondsSinceEpoch,
                text: hour.ofDay == 0 ? String(hour.text.prefix(6)) : "\(hour.ofDay)\u{202F}h")
        }
        // The fan opens at the reading that the forecast begins from.
        let origin = observed.last.flatMap { last in
            last.y.isFinite && last.x + 3600 == detail.leads.first?.hour.secondsSinceEpoch ? [last] : nil
        }
        func line(_ value: (StationDetail.Lead) -> Double) -> [(x: Double, y: Double)] {
            (origin ?? []) + detail.leads.map { ($0.hour.secondsSinceEpoch, value($0)) }
        }
        let series: [Plot.Series] = [
            Plot.Series(nil, .blue, line(\.lower95), as: .band(upper: line(\.upper95).map(\.y), opacity: 0.16)),
            Plot.Series(nil, .blue, line(\.lower80), as: .band(upper: line(\.upper80).map(\.y), opacity: 0.28)),
            Plot.Series(nil, .orange, detail.yesterday.map { ($0.seconds, $0.pm25) }, as: .thin),
            Plot.Series(nil, .strong, observed, as: .line),
            Plot.Series(nil, .blue, line(\.pm25), as: .line),
        ]
        let y = Axis("PM2.5 in µg/m³", covering: [0, 20] + series.flatMap { $0.points.map(\.y) + $0.upper })
        let plot = Plot(
            title: "", x: Axis("hours by the clock of \(timeZone)", begin...end, ticks: ticks), y: y, series: series,
            names: .inLegend,
            stripes: categories.map { Plot.Stripe($0.name, $0.from...$0.to, colour: $0.colour) },
            marker: (now, "now"))
        return Drawing.svg(
            width: width, height: plot.height, body: plot.svg(left: 4, top: 0, width: width - 8, id: "fan\(Int(width))")
        )
    }

    /// A missing hour is a gap, also where no row tells of it.
    private var observed: [(x: Double, y: Double)] {
        var points: [(x: Double, y: Double)] = []
        for reading in detail.readings {
            let x = reading.hour.secondsSinceEpoch
            if let last = points.last, x - last.x > 3600 { points.append((last.x + 3600, .nan)) }
            points.append((x, reading.pm25))
        }
        return points
    }
}

/// SVG inside a page: it takes colours from the page's style sheet and says nothing by itself.
enum Drawing {
    static func svg(width: Double, height: Double, body: String) -> String {
        "<svg aria-hidden=\"true\" viewBox=\"0 0 \(SVG.number(width)) \(SVG.number(height))\">\(body)</svg>"
    }
}
