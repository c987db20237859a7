import Foundation

/// A unit in which sources give a measure, and how it becomes ours: (value − offset) · factor / divisor.
package struct MeasureUnit: Equatable, Sendable {
    /// Its shortest name, as `--units` takes it.
    package let name: String
    let offset: Double
    let factor: Double
    let divisor: Double

    private init(_ name: String, _ offset: Double = 0, _ factor: Double = 1, _ divisor: Double = 1) {
        (self.name, self.offset, self.factor, self.divisor) = (name, offset, factor, divisor)
    }

    /// The value in our unit.
    package func converted(_ value: Double) -> Double { (value - offset) * factor / divisor }

    private static let celsius = MeasureUnit("C")
    private static let temperatures = [
        "c": celsius, "celsius": celsius, "centigrade": celsius, "f": MeasureUnit("F", 32, 5, 9),
        "fahrenheit": MeasureUnit("F", 32, 5, 9), "k": MeasureUnit("K", 273.15), "kelvin": MeasureUnit("K", 273.15),
    ]
    private static let speeds = [
        "m/s": MeasureUnit("m/s"), "mps": MeasureUnit("m/s"), "ms-1": MeasureUnit("m/s"), "m*s-1": MeasureUnit("m/s"),
        "meters/second": MeasureUnit("m/s"), "km/h": MeasureUnit("km/h", 0, 1_000, 3_600),
        "kmh": MeasureUnit("km/h", 0, 1_000, 3_600), "kph": MeasureUnit("km/h", 0, 1_000, 3_600),
        "mph": MeasureUnit("mph", 0, 0.44704), "mi/h": MeasureUnit("mph", 0, 0.44704),
        "miles/hour": MeasureUnit("mph", 0, 0.44704), "kn": MeasureUnit("kn", 0, 1_852, 3_600),
        "kt": MeasureUnit("kn", 0, 1_852, 3_600), "kts": MeasureUnit("kn", 0, 1_852, 3_600),
        "knot": MeasureUnit("kn", 0, 1_852, 3_600), "knots": MeasureUnit("kn", 0, 1_852, 3_600),
    ]
    private static let masses = [
        "ug/m3": MeasureUnit("ug/m3"), "mcg/m3": MeasureUnit("ug/m3"), "microg/m3": MeasureUnit("ug/m3"),
        "ug*m-3": MeasureUnit("ug/m3"), "ugm-3": MeasureUnit("ug/m3"), "micrograms/cubicmeter": MeasureUnit("ug/m3"),
        "micrograms/cubicmeter(lc)": MeasureUnit("ug/m3"), "mg/m3": MeasureUnit("mg/m3", 0, 1_000),
        "ng/m3": MeasureUnit("ng/m3", 0, 1, 1_000),
    ]
    private static let percent = MeasureUnit("%")
    private static let degrees = MeasureUnit("deg")
    /// inHg and mmHg at 0 °C; NIST SP 811, appendix B.8.
    private static let known: [String: [String: MeasureUnit]] = [
        "pm25": masses, "pm25_b": masses, "temperature": temperatures, "dew_point": temperatures,
        "pressure": [
            "hpa": MeasureUnit("hPa"), "mbar": MeasureUnit("hPa"), "mb": MeasureUnit("hPa"),
            "millibar": MeasureUnit("hPa"), "millibars": MeasureUnit("hPa"), "pa": MeasureUnit("Pa", 0, 1, 100),
            "kpa": MeasureUnit("kPa", 0, 10), "bar": MeasureUnit("bar", 0, 1_000),
            "inhg": MeasureUnit("inHg", 0, 33.86389), "mmhg": MeasureUnit("mmHg", 0, 1.333224),
            "torr": MeasureUnit("mmHg", 0, 1.333224),
        ],
        "wind_direction": [
            "": degrees, "compass": degrees, "points": degrees, "true": degrees,
            "10deg": MeasureUnit("10deg", 0, 10), "10sdeg": MeasureUnit("10deg", 0, 10),
        ],
        "wind_speed": speeds, "wind_u": speeds, "wind_v": speeds,
        "humidity": [
            "%": percent, "percent": percent, "%rh": percent, "rh%": percent, "percentrelativehumidity": percent,
            "fraction": MeasureUnit("fraction", 0, 100),
        ],
    ]

    /// A unit of a measure in one of its spellings, in any case, with or without degree sign and blanks; nil for others.
    package init?(_ text: String, of measure: String) {
        guard let known = Self.known[measure] else { return nil }
        // NFKC makes one of the two micro signs, and 3 of ³.
        var word = text.precomposedStringWithCompatibilityMapping.lowercased()
            .replacing("\u{3BC}", with: "u").filter { !$0.isWhitespace && $0 != "°" && $0 != "º" }
        if let unit = known[word] {
            self = unit
            return
        }
        for prefix in ["degrees", "degree", "deg"] where word.hasPrefix(prefix) {
            word.removeFirst(prefix.count)
            break
        }
        guard let unit = known[word] else { return nil }
        self = unit
    }

    /// Ours.
    static func ours(_ measure: String) -> MeasureUnit {
        switch measure {
        case "temperature", "dew_point": celsius
        case "pressure": MeasureUnit("hPa")
        case "wind_direction": degrees
        case "wind_speed", "wind_u", "wind_v": MeasureUnit("m/s")
        case "humidity": percent
        default: MeasureUnit("ug/m3")
        }
    }

    /// The names of the units of a measure, for people.
    package static func names(of measure: String) -> [String] {
        Set(known[measure]?.values.map(\.name) ?? []).sorted()
    }
}
