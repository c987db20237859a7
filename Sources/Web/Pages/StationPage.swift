import Postgres

/// One station: what was observed, what is forecast, in a picture, a sentence and numbers.
struct StationPage {
    let summary: StationSummary
    let detail: StationDetail
    let categories: [Category]
    let links: Links
    /// Seconds since 1970.
    let now: Double

    var page: Page {
        Page(
            title: summary.station.name, section: "/",
            body: """
                <h1>\(name: summary.station.name)</h1>
                <p class="lead">\(sentence)</p>
                \(facts)
                \(FanChart(detail: detail, categories: categories, timeZone: summary.timeZone, now: now).html)
                \(legend)
                <h2>The next 24 hours</h2>
                \(forecastTable)
                <h2>The last three days</h2>
                \(flags)
                <details><summary>All observed hours</summary>
                \(observedTable)
                </details>
                <h2>Elsewhere</h2>
                <ul class="links">
                <li><a href="\(links.skill(summary.station))">How good forecasts here were</a></li>
                <li><a href="\(links.document(summary.station, "forecast.csv"))">These numbers as CSV</a></li>
                <li><a href="\(links.document(summary.station, "forecast.json"))">as JSON</a></li>
                <li><a href="\(links.document(summary.station, "badge.svg"))">Badge to embed</a></li>
                </ul>
                """)
    }

    /// What the picture says.
    private var sentence: HTML {
        let current: HTML
        if let air = summary.now {
            current = "The air is <b>\(air.category)</b> now, \(Piece.number(air.pm25)) µg/m³."
        } else if let newest = summary.newest {
            current = "The last value, \(Piece.number(newest.air.pm25)) µg/m³, is \(Piece.age(newest.age)) old."
        } else {
            current = "There has been no value for three days."
        }
        guard let peak = summary.peak, let lead = detail.leads.first(where: { $0.lead == peak.lead }) else {
            return current + (summary.reason.map { " \($0.printable())." } ?? " There is no forecast.")
        }
        let band: HTML =
            lead.lower80.isFinite
            ? ", most likely between \(Piece.number(lead.lower80)) and \(Piece.number(lead.upper80))" : ""
        var text: HTML = """
            \(current) The highest hour ahead is \(peak.at) with \(Piece.number(peak.air.pm25)) µg/m³\(band): \
            <b>\(peak.air.category)</b>.
            """
        if let low = detail.leads.filter({ $0.pm25.isFinite }).min(by: { $0.pm25 < $1.pm25 }), low.lead != peak.lead {
            text = text + " The lowest is \(low.hour.short) with \(Piece.number(low.pm25))."
        }
        return text
    }

    private var facts: HTML {
        var facts: [(String, HTML)] = []
        if let air = summary.now {
            facts.append(("Now (NowCast)", Piece.value(air)))
        } else if let newest = summary.newest {
            facts.append(("Last value, \(Piece.age(newest.age)) old", Piece.value(newest.air)))
        }
        if let index = summary.now?.index { facts.append(("Index", "<b>\(index)</b>")) }
        if let peak = summary.peak { facts.append(("Peak, \(peak.at)", Piece.value(peak.air))) }
        if let since = summary.silentSince { facts.append(("Silent since", "\(since)")) }
        let age = summary.forecastAge.map { ", from data \(Piece.age($0)) old" } ?? ""
        facts.append(("Forecast by", "\(name: summary.model ?? "nobody yet")\(age)"))
        if let basis = summary.basis, basis != "full" { facts.append(("Readings it rests on", "\(basis)")) }
        facts.append(("Clock", "\(summary.timeZone)"))
        return "<dl class=\"facts\">\(facts.html { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" })</dl>"
    }

    private var legend: HTML {
        func sample(_ ink: String, _ shape: String, _ name: String) -> HTML {
            let drawing = HTML(
                raw: "<svg aria-hidden=\"true\" viewBox=\"0 0 26 12\"><g class=\"\(ink)\">\(shape)</g></svg>")
            return "<li>\(drawing)\(name)</li>"
        }
        func line(_ width: Double) -> String {
            "<path stroke=\"currentColor\" stroke-width=\"\(width)\" d=\"M0 6H26\"/>"
        }
        func box(_ opacity: Double) -> String {
            "<rect fill=\"currentColor\" fill-opacity=\"\(opacity)\" width=\"26\" height=\"12\"/>"
        }
        return """
            <ul class="legend">\(sample("strong", line(2.4), "observed"))\(sample("blue", line(2.4), "forecast"))\
            \(sample("blue", box(0.44), "80 % band"))\(sample("blue", box(0.16), "95 % band"))\
            \(sample("orange", line(1.6), "forecast of a day ago"))</ul>
            """
    }

    private var forecastTable: HTML {
        Piece.table(
            "Forecast by hour, by the clock of \(summary.timeZone)",
            ["Hour", "PM2.5", "80 % band", "95 % band", "Category"],
            detail.leads.map { lead in
                func band(_ low: Double, _ high: Double) -> HTML {
                    low.isFinite && high.isFinite ? "\(Piece.number(low)) to \(Piece.number(high))" : "–"
                }
                return [
                    "\(lead.hour.text)", "<b>\(Piece.number(lead.pm25))</b>", band(lead.lower80, lead.upper80),
                    band(lead.lower95, lead.upper95),
                    lead.air.map { "\(Piece.swatch($0.colour)) \($0.category)" } ?? "–",
                ]
            }, text: [4], empty: "There is no forecast.")
    }

    private var flags: HTML {
        let flagged = detail.readings.filter { $0.flags != nil }
        let hours = detail.readings.filter { $0.pm25.isFinite }.count
        let count: HTML = "<p>\(hours) of the last 72 hours have a value that counts.</p>"
        guard !flagged.isEmpty else { return count + "<p class=\"quiet\">Quality control flagged none.</p>" }
        return count
            + Piece.table(
                "Flagged by quality control", ["Hour", "Flags"],
                flagged.suffix(24).map { ["\($0.hour.text)", "\($0.flags ?? "")"] }, text: [1], empty: "")
    }

    private var observedTable: HTML {
        Piece.table(
            "Observed by hour, by the clock of \(summary.timeZone)",
            ["Hour", "PM2.5", "Temperature", "Dew point", "Pressure", "Wind", "Flags"],
            detail.readings.reversed().map { reading in
                let wind = [
                    reading.windSpeed.map { Piece.decimal($0, 1) + " m/s" },
                    reading.windDirection.map { Piece.decimal($0, 0) + "°" },
                ].compactMap { $0 }.joined(separator: " ")
                return [
                    "\(reading.hour.text)", "<b>\(Piece.number(reading.pm25))</b>",
                    "\(reading.temperature.map { Piece.decimal($0, 1) + " °C" } ?? "–")",
                    "\(reading.dewPoint.map { Piece.decimal($0, 1) + " °C" } ?? "–")",
                    "\(reading.pressure.map { Piece.decimal($0, 0) + " hPa" } ?? "–")", "\(wind.isEmpty ? "–" : wind)",
                    "\(reading.flags ?? "")",
                ]
            }, text: [6], empty: "There has been no reading for three days.")
    }
}
