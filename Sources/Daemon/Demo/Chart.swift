/// A chart of hourly values for a terminal: observed and forecast PM2.5 over the same hours.
struct Chart {
    /// One column of the chart.
    struct Hour {
        /// µg/m³; nil where there is none.
        let observed: Double?
        /// µg/m³; nil where there is none.
        let forecast: Double?
        /// What stands below the column; empty for most.
        let label: String
    }

    let hours: [Hour]
    /// Rows between the axes.
    var height = 12

    /// Lines without line ends, two characters an hour; a tick is the lower edge of its row.
    var lines: [String] {
        let values = hours.flatMap { [$0.observed, $0.forecast] }.compactMap { $0 }
        let top = Self.niceCeiling(values.max() ?? 1)
        func row(_ value: Double) -> Int { min(height - 1, Int((value / top * Double(height)).rounded(.down))) }
        var lines = (0..<height).reversed().map { level in
            let tick = level % 3 == 0 ? String(Int((top * Double(level) / Double(height)).rounded())) : ""
            let cells = hours.map { hour in
                let isObserved = hour.observed.map(row) == level
                let isForecast = hour.forecast.map(row) == level
                return isObserved && isForecast ? " ◉" : isObserved ? " ●" : isForecast ? " ○" : "  "
            }
            return Self.padded(tick, 6) + " │" + cells.joined()
        }
        lines.append(String(repeating: " ", count: 7) + "└" + String(repeating: "──", count: hours.count))
        var labels = String(repeating: " ", count: 8)
        for (index, hour) in hours.enumerated() where !hour.label.isEmpty {
            let column = 9 + 2 * index
            if labels.count > column { continue }
            labels += String(repeating: " ", count: column - labels.count) + hour.label
        }
        lines.append(labels)
        return lines
    }

    /// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `value`.
    static func niceCeiling(_ value: Double) -> Double {
        var step = 1.0
        while step * 10 < value { step *= 10 }
        return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map { $0 * step }.first { $0 >= value } ?? step * 10
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
