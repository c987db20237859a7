extension StringProtocol {
    /// The text with nothing in it that a terminal would obey: control characters, and those that turn the direction of
    /// what follows, appear as `\u{1B}`.
    ///
    /// - Parameter keepingLines: whether line ends stay; else they are spaces, so that a text is one line.
    public func printable(keepingLines: Bool = false) -> String {
        if utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return String(self) }
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n" where keepingLines: text.unicodeScalars.append(scalar)
            case "\n": text += " "
            case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}", "\u{200E}", "\u{200F}": text += Self.escaped(scalar)
            default:
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: text += Self.escaped(scalar)
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }
}
