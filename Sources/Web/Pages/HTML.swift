import Postgres

/// A piece of HTML. What is interpolated into a literal is escaped, unless it is HTML itself.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    init(stringLiteral text: String) { self.text = text }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }
    /// Text that is known to be HTML, such as an SVG drawing.
    init(raw text: String) { self.text = text }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ html: HTML) { text += html.text }
        mutating func appendInterpolation(_ html: [HTML]) { for piece in html { text += piece.text } }
        mutating func appendInterpolation(_ html: HTML?) { text += html?.text ?? "" }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ string: String) { text += HTML.escaped(string) }
        /// A name that somebody chose: its direction stays its own, and nothing in it is obeyed.
        mutating func appendInterpolation(name: String) {
            text += "<bdi>" + HTML.escaped(name.printable()) + "</bdi>"
        }
    }

    static func + (left: HTML, right: HTML) -> HTML { HTML(raw: left.text + right.text) }

    /// Text for an element or a quoted attribute.
    static func escaped(_ string: String) -> String {
        var escaped = ""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension Sequence {
    /// Pieces one after another.
    func html(_ piece: (Element) -> HTML) -> HTML { HTML(raw: map { piece($0).text }.joined()) }
}
