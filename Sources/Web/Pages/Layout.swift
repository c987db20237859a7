import Plot
import Postgres

/// A page of the site.
struct Page {
    let title: String
    /// The path of its entry in the navigation.
    let section: String
    let body: HTML

    /// Stands where a note goes while the database is away; no text contains it, because `<` is escaped.
    static let staleMark = "<!--stale-->"
    static let staleNote =
        "<p class=\"note\" role=\"status\">The database cannot be reached. This is what was known before.</p>"

    private static let sections = [
        ("/", "Stations"), ("/skill", "How good"), ("/models", "Models"), ("/alerts", "Alerts"), ("/data", "Data"),
    ]

    /// - Parameter generated: the time of the database, in UTC.
    func html(_ links: Links, generated: String) -> String {
        let navigation = Self.sections.html { path, name in
            let current: HTML = path == section ? " aria-current=\"page\"" : ""
            return "<li><a href=\"\(links.page(path))\"\(current)>\(name)</a></li>"
        }
        let page: HTML = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title.printable()) · Hazecast</title>
            <link rel="stylesheet" href="\(links.page("/style.css"))">
            <link rel="icon" href="\(links.page("/icon.svg"))" type="image/svg+xml">
            </head>
            <body>
            <a class="skip" href="#main">Skip to the content</a>
            <header>
            <a class="brand" href="\(links.page("/"))">\(Self.mark)Hazecast</a>
            <nav aria-label="Pages"><ul>\(navigation)</ul></nav>
            </header>
            <main id="main">
            \(HTML(raw: Self.staleMark))
            \(body)
            </main>
            <footer><p>PM2.5 in µg/m³. As of \(generated).</p></footer>
            </body>
            </html>

            """
        return page.text
    }

    /// A page that says in one line why there is no other.
    static func message(_ title: String, _ text: String) -> Page {
        Page(title: title, section: "", body: "<h1>\(title)</h1>\n<p>\(text)</p>")
    }

    private static let mark = HTML(
        raw: """
            <svg aria-hidden="true" viewBox="0 0 24 24" width="24" height="24"><path class="blue" fill="none" \
            stroke="currentColor" stroke-width="2.4" stroke-linecap="round" d="M3 8h11M6 13h15M3 18h9"/></svg>
            """)

    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="none" stroke="#2f81d6" \
        stroke-width="2.6" stroke-linecap="round" d="M3 7h12M6 12.5h15M3 18h9"/></svg>

        """
}

/// Pieces that several pages have.
enum Piece {
    /// A value with its category as a colour and in words.
    static func value(_ air: AirQuality) -> HTML {
        """
        \(swatch(air.colour)) <b>\(number(air.pm25))</b> <span class="unit">µg/m³</span> <span>\(air.category)</span>
        """
    }

    static func swatch(_ colour: String) -> HTML {
        """
        <svg class="swatch" aria-hidden="true" viewBox="0 0 14 14">\
        <rect width="14" height="14" rx="3" fill="\(colour)"/></svg>
        """
    }

    /// A concentration: a decimal below 10, none above.
    static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "–" }
        return Axis.text(value, digits: abs(value) < 9.95 ? 1 : 0)
    }

    static func decimal(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return Axis.text(value, digits: digits)
    }

    static func percent(_ share: Double?) -> String {
        guard let share, share.isFinite else { return "–" }
        return Axis.text(share * 100, digits: 0) + " %"
    }

    /// An age in hours as people say it.
    static func age(_ hours: Double) -> String {
        let minutes = Int((max(hours, 0) * 60).rounded())
        if minutes < 90 { return "\(minutes) min" }
        return minutes < 48 * 60 ? "\((minutes + 30) / 60) h" : "\((minutes + 720) / 1440) days"
    }

    /// A table that scrolls by itself where it is too wide, also with the keyboard.
    ///
    /// - Parameter text: the columns, from 0, that hold words; others hold numbers.
    static func table(
        _ caption: String, _ columns: [String], _ rows: [[HTML]], text: Set<Int> = [], empty: String
    ) -> HTML {
        guard !rows.isEmpty else { return "<p class=\"quiet\">\(empty)</p>" }
        func kind(_ column: Int) -> HTML { text.contains(column) ? " class=\"text\"" : "" }
        let head = columns.enumerated().html { "<th scope=\"col\"\(kind($0.offset))>\($0.element)</th>" }
        let body = rows.html { row in
            let cells = row.enumerated().map { index, cell -> HTML in
                index == 0 ? "<th scope=\"row\">\(cell)</th>" : "<td\(kind(index))>\(cell)</td>"
            }
            return "<tr>\(cells)</tr>\n"
        }
        return """
            <div class="scroll" role="region" aria-label="\(caption)" tabindex="0">
            <table><caption>\(caption)</caption><thead><tr>\(head)</tr></thead><tbody>
            \(body)</tbody></table></div>
            """
    }
}
