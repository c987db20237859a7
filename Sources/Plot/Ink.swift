/// The colours of a figure: each stands on white and on black, whether or not a viewer says which of them it shows.
package enum Ink: String, CaseIterable {
    /// Text, and what was observed.
    case strong
    /// Axes and ticks, and what others are measured against.
    case muted
    /// What the figure is about.
    case blue
    /// Its first rival.
    case orange
    /// Its second rival.
    case purple

    /// A middle tone for viewers that know no colour schemes, and one each for light and dark ones.
    private var tones: (middle: String, light: String, dark: String) {
        switch self {
        case .strong: ("#768390", "#24292f", "#e6edf3")
        case .muted: ("#7d8590", "#57606a", "#9aa4af")
        case .blue: ("#2f81d6", "#1f6fc4", "#58a6ff")
        case .orange: ("#c9782a", "#b3590a", "#f0a04b")
        case .purple: ("#9164d6", "#7a45c9", "#bc8cff")
        }
    }

    /// A style sheet with a class for every colour; what is drawn takes it as `currentColor`.
    package static var styleSheet: String {
        func rules(_ tone: (Ink) -> String) -> String {
            allCases.map { ".\($0.rawValue){color:\(tone($0))}" }.joined()
        }
        return """
            \(rules(\.tones.middle))
            @media (prefers-color-scheme:light){\(rules(\.tones.light))}
            @media (prefers-color-scheme:dark){\(rules(\.tones.dark))}
            """
    }
}
