import Plot
import Postgres

/// A small picture of a station's air for other people's pages.
enum Badge {
    static func svg(_ summary: StationSummary) -> String {
        let name = summary.station.name.printable()
        let label = name.count > 40 ? name.prefix(39) + "…" : name
        let value = summary.now.map { "\(Axis.text($0.pm25, digits: 0)) µg/m³ · \($0.category)" } ?? "no current value"
        let colour = summary.now?.colour ?? "#8c959f"
        let (left, right) = (SVG.width(of: label) + 16, SVG.width(of: value) + 34)
        let width = SVG.number(left + right)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="24" viewBox="0 0 \(width) 24" role="img" \
            aria-label="\(SVG.escaped("\(label): PM2.5 \(value)"))" \
            font-family="system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif" font-size="12">
            <title>\(SVG.escaped("\(label): PM2.5 \(value)"))</title>
            <rect width="\(width)" height="24" rx="4" fill="#ffffff" stroke="#8c959f"/>
            <path d="M4 0.5H\(SVG.number(left))V23.5H4A3.5 3.5 0 0 1 0.5 20V4A3.5 3.5 0 0 1 4 0.5Z" fill="#24292f"/>
            <text x="\(SVG.number(left / 2))" y="16" text-anchor="middle" fill="#ffffff">\(SVG.escaped(label))</text>
            <rect x="\(SVG.number(left + 8))" y="6" width="12" height="12" rx="2" fill="\(SVG.escaped(colour))" \
            stroke="#24292f" stroke-width="0.6"/>
            <text x="\(SVG.number(left + 26))" y="16" fill="#24292f">\(SVG.escaped(value))</text>
            </svg>

            """
    }
}
