import Foundation

/// Plots under a title, as one SVG file without a background: it is read on white and on dark.
package struct Figure {
    package let title: String
    /// What the numbers are of, in one line.
    package let caption: String
    /// Rows of plots that stand side by side.
    package let rows: [[Plot]]

    package init(title: String, caption: String, rows: [[Plot]]) {
        self.title = title
        self.caption = caption
        self.rows = rows
    }

    private static let width = 960.0
    private static let margin = 24.0
    private static let gap = 28.0

    /// The file's text.
    package var svg: String {
        var body = SVG.text(title, x: Self.margin, y: 38, size: 20, .strong, isBold: true)
        body += SVG.text(caption, x: Self.margin, y: 60, size: 13)
        var top = 92.0
        for (row, plots) in rows.enumerated() {
            let width = (Self.width - 2 * Self.margin - Self.gap * Double(plots.count - 1)) / Double(plots.count)
            for (column, plot) in plots.enumerated() {
                let left = Self.margin + Double(column) * (width + Self.gap)
                body += plot.svg(left: left, top: top, width: width, id: "area-\(row)-\(column)")
            }
            top += Plot.height + Self.gap
        }
        let size = "\(SVG.number(Self.width)) \(SVG.number(top))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" role="img" \
            font-family="system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif">
            <title>\(SVG.escaped(title))</title>
            <style>
            \(Ink.styleSheet)
            </style>
            \(body)</svg>

            """
    }
}
