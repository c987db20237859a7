import Plot

/// The next 24 hours of a station on a few square centimetres: the 80 % band, the forecast, and its peak.
struct Sparkline {
    let leads: [StationSummary.Lead]
    let peak: (lead: Int, colour: String)?

    private static let width = 168.0
    private static let height = 40.0

    var svg: String {
        let highest = leads.flatMap { [$0.pm25, $0.upper80] }.filter(\.isFinite).max() ?? 1
        let top = max(highest, 20)
        func point(_ index: Int, _ value: Double) -> String {
            "\(SVG.number(x(index))),\(SVG.number(Self.height - 3 - min(max(value / top, 0), 1) * (Self.height - 8)))"
        }
        var body = SVG.line(
            from: (0, Self.height - 2.5), to: (Self.width, Self.height - 2.5), .muted, "stroke-opacity=\"0.4\"")
        let banded = leads.indices.filter { leads[$0].lower80.isFinite && leads[$0].upper80.isFinite }
        if banded.count > 1 {
            let outline =
                banded.map { point($0, leads[$0].lower80) } + banded.reversed().map { point($0, leads[$0].upper80) }
            let path = outline.joined(separator: "L")
            body += "<path class=\"blue\" fill=\"currentColor\" fill-opacity=\"0.25\" d=\"M\(path)Z\"/>"
        }
        let line = leads.indices.filter { leads[$0].pm25.isFinite }.map { point($0, leads[$0].pm25) }
        if line.count > 1 {
            let path = line.joined(separator: "L")
            body += "<path class=\"blue\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" d=\"M\(path)\"/>"
        }
        if let peak, leads.indices.contains(peak.lead - 1) {
            let place = point(peak.lead - 1, leads[peak.lead - 1].pm25).split(separator: ",")
            body +=
                "<circle class=\"strong\" stroke=\"currentColor\" fill=\"\(SVG.escaped(peak.colour))\" "
                + "cx=\"\(place[0])\" cy=\"\(place[1])\" r=\"4\"/>"
        }
        return Drawing.svg(width: Self.width, height: Self.height, body: body)
    }

    private func x(_ index: Int) -> Double { 5 + Double(index) / 23 * (Self.width - 10) }
}
