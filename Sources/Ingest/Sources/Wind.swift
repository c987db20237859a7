/// Where the wind of one hour blows from.
enum Wind: Equatable {
    /// Degrees clockwise from north.
    case from(degrees: Float)
    /// Calm or variable: no direction, though there may be a speed.
    case variable
    case missing

    /// Degrees, or NaN: beside a speed that means calm or variable.
    var degrees: Float { if case .from(let degrees) = self { degrees } else { .nan } }

    private static let points = [
        "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
    ].map { Array($0.utf8) }
    private static let variableWords = ["CV", "CALM", "VRB"].map { Array($0.utf8) }

    /// A compass word in either case: one of the 16 points in steps of 22.5°, or `cv`, `calm` or `VRB`; nil for others.
    init?(word field: ArraySlice<UInt8>) {
        if field.isMissing {
            self = .missing
            return
        }
        let word = field.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 32 : $0 }
        if let point = Self.points.firstIndex(of: word) {
            self = .from(degrees: Float(point) * 22.5)
        } else if Self.variableWords.contains(word) {
            self = .variable
        } else {
            return nil
        }
    }
}
