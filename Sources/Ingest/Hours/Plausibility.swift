/// Values of a column, to tell whether its unit can be right; a sample of at most some thousand is kept.
package struct Plausibility: Sendable {
    private static let most = 4_096
    /// Fewer tell nothing.
    private static let least = 6

    private var values: [Double] = []
    private var every = 1
    private var seen = 0

    /// Nothing seen.
    package init() {}

    /// Takes a value in our unit.
    package mutating func add(_ value: Double) {
        defer { seen += 1 }
        guard seen % every == 0 else { return }
        values.append(value)
        if values.count == Self.most {
            values = stride(from: 0, to: values.count, by: 2).map { values[$0] }
            every *= 2
        }
    }

    /// The unit that the values look like, where they are implausible in ours.
    ///
    /// - Parameter measure: as `RowValues.order` calls it.
    /// - Returns: nil where they are plausible, or too few to tell; the unit is empty where they look like none.
    package func other(_ measure: String) -> (unit: String, range: String)? {
        guard values.count >= Self.least else { return nil }
        let sorted = values.sorted()
        func quantile(_ fraction: Double) -> Double { sorted[Int((Double(sorted.count - 1) * fraction).rounded())] }
        let (low, middle, high) = (quantile(0.05), quantile(0.5), quantile(0.95))
        let unit: String?
        switch measure {
        case "pm25", "pm25_b": unit = high > 0 && middle < 0.3 && high < 1 ? "mg/m3" : middle > 3_000 ? "ng/m3" : nil
        case "temperature": unit = low > 200 ? "K" : low > 33 || middle > 45 ? "F" : nil
        case "dew_point": unit = low > 180 ? "K" : high > 36 ? "F" : nil
        case "pressure":
            // 680 to 790 mmHg are hPa up to 1,000 m; as hPa they are the pressure at 2,000 to 3,200 m.
            unit =
                low > 30_000
                ? "Pa"
                : middle < 2
                    ? "bar"
                    : middle < 35
                        ? "inHg"
                        : middle < 110
                            ? "kPa" : (680...790).contains(middle) ? "mmHg" : middle > 1_100 || middle < 300 ? "" : nil
        case "humidity": unit = high > 0 && high <= 1 ? "fraction" : middle > 105 ? "" : nil
        case "wind_speed": unit = middle > 14 ? "km/h" : nil
        case "wind_direction":
            let isTens = sorted.count >= 24 && high > 9 && high <= 36 && sorted.allSatisfy { $0 == $0.rounded() }
            unit = isTens ? "10deg" : middle > 360 ? "" : nil
        default: unit = nil
        }
        func shown(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        return unit.map { ($0, "\(shown(low)) to \(shown(high))") }
    }
}
