import Postgres

/// The list of stations, worst first.
struct StationsPage {
    static let pageSize = 50

    let summaries: [StationSummary]
    /// How many match, on all pages.
    let total: Int
    let number: Int
    let search: String
    let label: String
    let links: Links

    var page: Page {
        let count = total == 1 ? "1 station" : "\(total) stations"
        let order = total == 1 ? "" : ", worst first by the highest hour that is forecast"
        return Page(
            title: search.isEmpty && label.isEmpty ? "Stations" : "Stations: \(search) \(label)", section: "/",
            body: """
                <h1>Stations</h1>
                \(links.isStatic ? "" : form)
                <p class="quiet">\(count)\(filterText)\(order).</p>
                <ol class="stations">
                \(summaries.html(item))</ol>
                \(pages)
                <p class="quiet"><a href="\(links.page("/api/stations.geojson"))">All stations as GeoJSON</a></p>
                """)
    }

    private var filterText: HTML {
        let named: HTML = search.isEmpty ? "" : " with “\(name: search)” in the name"
        let labelled: HTML = label.isEmpty ? "" : " labelled \(name: label)"
        return named + labelled
    }

    private var form: HTML {
        """
        <form class="search" role="search" action="\(links.page("/"))" method="get">
        <label>Name <input type="search" name="q" value="\(search)" maxlength="200"></label>
        <label>Label (key=value) \
        <input type="text" name="label" value="\(label)" maxlength="200"></label>
        <button>Search</button>
        </form>
        """
    }

    private func item(_ station: StationSummary) -> HTML {
        let now: HTML
        if let air = station.now {
            now = Piece.value(air)
        } else if let newest = station.newest {
            now = "<span class=\"quiet\">\(Piece.number(newest.air.pm25)) µg/m³, \(Piece.age(newest.age)) ago</span>"
        } else {
            now = "<span class=\"quiet\">no value for three days</span>"
        }
        return """
            <li>
            <p class="name"><a href="\(links.station(station.station))">\(name: station.station.name)</a>\
            <small>\(source(of: station))</small></p>
            <p class="now">\(now)</p>
            <div>\(HTML(raw: spark(station)))</div>
            <p>\(outlook(of: station))</p>
            </li>

            """
    }

    private func spark(_ station: StationSummary) -> String {
        guard !station.isStale, !station.leads.isEmpty else { return "" }
        return Sparkline(leads: station.leads, peak: station.peak.map { ($0.lead, $0.air.colour) }).svg
    }

    private func outlook(of station: StationSummary) -> HTML {
        guard let peak = station.peak else { return "<span class=\"quiet\">no forecast</span>" }
        return """
            peak <b>\(Piece.number(peak.air.pm25))</b> at \(peak.at)\
            <small>\(Piece.swatch(peak.air.colour)) \(peak.air.category)</small>
            """
    }

    private func source(of station: StationSummary) -> HTML {
        if let since = station.silentSince { return "silent since \(since)" }
        if let reason = station.reason { return "\(reason.printable())" }
        let model = station.model ?? "no model"
        guard let age = station.forecastAge else { return "\(name: model)" }
        // The forecast's first reading is of the hour that began so long ago.
        return "\(name: model), data \(Piece.age(age)) old"
    }

    private var pages: HTML {
        let last = max((total + Self.pageSize - 1) / Self.pageSize, 1)
        guard last > 1 else { return "" }
        func link(_ page: Int, _ text: String) -> HTML {
            guard 1...last ~= page else { return "" }
            return "<a href=\"\(links.stations(search: search, label: label, page: page))\">\(text)</a>"
        }
        return """
            <nav class="pages" aria-label="Pages of the list">\(link(number - 1, "← Before")) \
            <span>Page \(number) of \(last)</span> \(link(number + 1, "Next →"))</nav>
            """
    }
}
