/// Two axes and what is drawn between them.
///
/// Values that are not finite leave gaps.
package struct Plot {
    package struct Series {
        package enum Style: Equatable {
            case line
            case thin
            /// One of many.
            case faint
            case dashes
            /// A line with its points marked.
            case dots
            /// From each point up to these.
            case band(upper: [Double], opacity: Double)
        }

        /// What it is called in the plot; nil where that need not be said.
        package let name: String?
        package let ink: Ink
        package let style: Style
        package let points: [(x: Double, y: Double)]

        package init(_ name: String?, _ ink: Ink, _ points: [(x: Double, y: Double)], as style: Style = .line) {
            self.name = name
            self.ink = ink
            self.style = style
            self.points = points
        }

        /// Upper edges of a band.
        package var upper: [Double] {
            if case .band(let upper, _) = style { upper } else { [] }
        }
    }

    /// Where the names of the series stand.
    package enum Names {
        /// At the right end of each.
        case atEnds
        /// In a row beside the title.
        case inLegend
    }

    /// A range of y that is marked behind the series.
    package struct Stripe {
        package let range: ClosedRange<Double>
        /// `#RRGGBB`.
        package let colour: String
        package let name: String

        package init(_ name: String, _ range: ClosedRange<Double>, colour: String) {
            self.name = name
            self.range = range
            self.colour = colour
        }
    }

    /// Empty for none.
    let title: String
    package let x: Axis
    package let y: Axis
    /// From the lowest to the topmost.
    package let series: [Series]
    let names: Names
    let stripes: [Stripe]
    /// A value of x where a line stands with a word beside it.
    let marker: (x: Double, name: String)?

    package init(
        title: String, x: Axis, y: Axis, series: [Series], names: Names = .atEnds, stripes: [Stripe] = [],
        marker: (x: Double, name: String)? = nil
    ) {
        self.title = title
        self.x = x
        self.y = y
        self.series = series
        self.names = names
        self.stripes = stripes
        self.marker = marker
    }

    /// Pixels from the top of the title, where there is one, to the bottom of the labels.
    package var height: Double { title.isEmpty ? Self.height - 24 : Self.height }

    /// Pixels from the top of the title to the bottom of the labels.
    package static let height = 320.0

    /// - Parameters:
    ///   - left, top: corner in pixels.
    ///   - id: unlike that of any other plot in the file.
    package func svg(left: Double, top: Double, width: Double, id: String) -> String {
        let hasEndNames = names == .atEnds && series.contains { $0.name != nil }
        let area = Area(
            left: left + 52, right: left + width - (hasEndNames ? 140 : 14), top: top + height - Self.height + 52,
            bottom: top + height - 48, x: x, y: y)
        var svg = title.isEmpty ? "" : SVG.text(title, x: left, y: top + 14, size: 15, .strong, isBold: true)
        svg += SVG.text(y.label, x: left, y: area.top - 17)
        for stripe in stripes { svg += area.drawn(stripe) }
        svg += area.axes
        if let marker { svg += area.drawn(marker) }
        svg += """
            <clipPath id="\(id)"><rect x="\(SVG.number(area.left - 5))" y="\(SVG.number(area.top - 5))" \
            width="\(SVG.number(area.right - area.left + 10))" \
            height="\(SVG.number(area.bottom - area.top + 10))"/></clipPath>
            <g clip-path="url(#\(id))">

            """
        for series in series { svg += area.drawn(series) }
        svg += "</g>\n"
        for stripe in stripes { svg += area.name(of: stripe) }
        return svg + (hasEndNames ? area.namesAtEnds(of: series) : legend(right: area.right, y: area.top - 17))
    }

    /// Samples and names, ending at `right`.
    private func legend(right: Double, y: Double) -> String {
        var svg = ""
        var x = right
        for series in series.reversed() {
            guard let name = series.name else { continue }
            x -= SVG.width(of: name)
            svg += SVG.text(name, x: x, y: y, series.ink)
            x -= 28
            if case .band(_, let opacity) = series.style {
                svg += """
                    <rect class="\(series.ink)" fill="currentColor" fill-opacity="\(opacity)" x="\(SVG.number(x))" \
                    y="\(SVG.number(y - 10))" width="22" height="12"/>

                    """
            } else {
                svg += SVG.line(from: (x, y - 4), to: (x + 22, y - 4), series.ink, Area.stroke(series.style))
            }
            x -= 18
        }
        return svg
    }
}

/// Where a plot's values stand, in pixels.
private struct Area {
    let left, right, top, bottom: Double
    let x, y: Axis

    /// nil for what has no place.
    private func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double)? {
        let place = (left + x.place(point.x) * (right - left), bottom - y.place(point.y) * (bottom - top))
        return place.0.isFinite && place.1.isFinite ? place : nil
    }

    var axes: String {
        var svg = ""
        for tick in y.ticks {
            let height = bottom - y.place(tick.value) * (bottom - top)
            let isZero = tick.value == 0
            svg += SVG.line(
                from: (left, height), to: (right, height), .muted, "stroke-opacity=\"\(isZero ? 0.6 : 0.2)\"")
            svg += SVG.text(tick.text, x: left - 8, y: height + 4, anchor: .end)
        }
        for tick in x.ticks {
            let place = left + x.place(tick.value) * (right - left)
            svg += SVG.line(from: (place, bottom), to: (place, bottom + 5), .muted, "stroke-opacity=\"0.6\"")
            svg += SVG.text(tick.text, x: place, y: bottom + 19, anchor: .middle)
        }
        svg += SVG.line(from: (left, bottom), to: (right, bottom), .muted, "stroke-opacity=\"0.6\"")
        return svg + SVG.text(x.label, x: (left + right) / 2, y: bottom + 38, anchor: .middle)
    }

    /// What of a stripe is inside: its upper edge and its height; nil for nothing.
    private func part(of stripe: Plot.Stripe) -> (edge: Double, height: Double)? {
        let low = max(y.place(stripe.range.lowerBound), 0)
        let high = min(y.place(stripe.range.upperBound), 1)
        return high > low ? (bottom - high * (bottom - top), (high - low) * (bottom - top)) : nil
    }

    func drawn(_ stripe: Plot.Stripe) -> String {
        guard let (edge, height) = part(of: stripe) else { return "" }
        return """
            <rect fill="\(SVG.escaped(stripe.colour))" fill-opacity="0.14" x="\(SVG.number(left))" \
            y="\(SVG.number(edge))" width="\(SVG.number(right - left))" height="\(SVG.number(height))"/>

            """
    }

    /// The name, where it has room.
    func name(of stripe: Plot.Stripe) -> String {
        guard let (edge, height) = part(of: stripe), height >= 15 else { return "" }
        return SVG.text(stripe.name, x: left + 6, y: edge + 12.5, size: 11)
    }

    func drawn(_ marker: (x: Double, name: String)) -> String {
        guard let place = place((marker.x, y.range.lowerBound)) else { return "" }
        return SVG.line(from: (place.x, top), to: (place.x, bottom), .muted, "stroke-dasharray=\"2 3\"")
            + SVG.text(marker.name, x: place.x, y: top - 4, size: 11, anchor: .middle)
    }

    func drawn(_ series: Plot.Series) -> String {
        if case .band(let upper, let opacity) = series.style {
            let path = band(Array(zip(series.points, upper)))
            return "<path class=\"\(series.ink)\" fill=\"currentColor\" fill-opacity=\"\(opacity)\" d=\"\(path)\"/>\n"
        }
        var path = ""
        var isOpen = false
        for point in series.points {
            guard let place = place(point) else {
                isOpen = false
                continue
            }
            // A lone point between two gaps is a dot: the line has round ends.
            path += isOpen ? "L\(Self.pair(place))" : "M\(Self.pair(place))h0"
            isOpen = true
        }
        var svg = """
            <path class="\(series.ink)" stroke="currentColor" fill="none" stroke-linejoin="round" \
            stroke-linecap="round" \(Self.stroke(series.style)) d="\(path)"/>

            """
        guard series.style == .dots else { return svg }
        for place in series.points.compactMap(place) {
            svg += """
                <circle class="\(series.ink)" fill="currentColor" cx="\(SVG.number(place.x))" \
                cy="\(SVG.number(place.y))" r="3.5"/>

                """
        }
        return svg
    }

    /// A closed outline around every run of points without a gap.
    private func band(_ points: [(lower: (x: Double, y: Double), upper: Double)]) -> String {
        var path = ""
        var lower: [String] = []
        var upper: [String] = []
        func close() {
            guard !lower.isEmpty else { return }
            path += "M" + (lower + upper.reversed()).joined(separator: "L") + "Z"
            (lower, upper) = ([], [])
        }
        for point in points {
            guard let low = place(point.lower), let high = place((point.lower.x, point.upper)) else {
                close()
                continue
            }
            lower.append(Self.pair(low))
            upper.append(Self.pair(high))
        }
        close()
        return path
    }

    /// Names beside the last point of each series, pushed apart where they would overlap.
    func namesAtEnds(of series: [Plot.Series]) -> String {
        var names = series.compactMap { series -> (y: Double, name: String, ink: Ink)? in
            guard let name = series.name, let end = series.points.compactMap(place).last else { return nil }
            return (min(max(end.y, top), bottom), name, series.ink)
        }.sorted { $0.y < $1.y }
        for index in names.indices.dropFirst() { names[index].y = max(names[index].y, names[index - 1].y + 16) }
        for index in names.indices.reversed() {
            names[index].y = min(names[index].y, index + 1 < names.count ? names[index + 1].y - 16 : bottom)
        }
        return names.map { place in
            let name = place.name.count > 18 ? place.name.prefix(17) + "…" : place.name
            return SVG.text(name, x: right + 9, y: place.y + 4, size: 12.5, place.ink, isBold: true)
        }.joined()
    }

    static func stroke(_ style: Plot.Series.Style) -> String {
        switch style {
        case .thin: "stroke-width=\"1.3\""
        case .faint: "stroke-width=\"1.2\" stroke-opacity=\"0.45\""
        case .dashes: "stroke-width=\"1.5\" stroke-dasharray=\"5 4\""
        case .line, .dots, .band: "stroke-width=\"2\""
        }
    }

    private static func pair(_ place: (x: Double, y: Double)) -> String {
        "\(SVG.number(place.x)),\(SVG.number(place.y))"
    }
}
