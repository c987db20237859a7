import Foundation

/// Elements of an SVG file: numbers are finite and short, text is escaped.
package enum SVG {
    package enum Anchor: String {
        case start, middle, end
    }

    /// - Precondition: `value` is finite.
    package static func number(_ value: Double) -> String {
        precondition(value.isFinite, "a coordinate that is no number")
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    package static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            // XML has no way to write the other control characters.
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    package static func text(
        _ text: String, x: Double, y: Double, size: Double = 12, _ ink: Ink = .muted, anchor: Anchor = .start,
        isBold: Bool = false
    ) -> String {
        "<text class=\"\(ink)\" fill=\"currentColor\" x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(number(size))\""
            + " text-anchor=\"\(anchor)\"" + (isBold ? " font-weight=\"600\"" : "") + ">\(escaped(text))</text>\n"
    }

    /// About how wide a text is; fonts differ, so this is what a wide one needs.
    package static func width(of text: String, size: Double = 12) -> Double { Double(text.count) * size * 0.6 }

    package static func line(from a: (x: Double, y: Double), to b: (x: Double, y: Double), _ ink: Ink, _ more: String)
        -> String
    {
        "<line class=\"\(ink)\" stroke=\"currentColor\" x1=\"\(number(a.x))\" y1=\"\(number(a.y))\" x2=\"\(number(b.x))\""
            + " y2=\"\(number(b.y))\" \(more)/>\n"
    }
}
