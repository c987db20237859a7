/// Metrics as text, in the older format of Prometheus or in OpenMetrics.
struct Exposition: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, info, gaugehistogram

        fileprivate var olderName: String {
            switch self {
            case .counter: "counter"
            case .gauge, .info: "gauge"
            case .gaugehistogram: "histogram"
            }
        }
    }

    struct Sample: Sendable {
        var suffix = ""
        var labels: [(name: String, value: String)] = []
        let value: Double
    }

    private struct Family: Sendable {
        let name: String
        let kind: Kind
        let unit: String?
        let help: String
        let samples: [Sample]
    }

    private var families: [Family] = []

    /// Adds a family.
    ///
    /// - Parameters:
    ///   - name: without `_total` or `_info`; it ends with the unit, where there is one.
    ///   - samples: none for what is not known.
    mutating func add(_ name: String, _ kind: Kind, unit: String? = nil, _ help: String, _ samples: [Sample]) {
        precondition(unit.map { name.hasSuffix("_" + $0) } ?? true, "\(name) does not end with its unit")
        if !samples.isEmpty {
            families.append(Family(name: name, kind: kind, unit: unit, help: help, samples: samples))
        }
    }

    mutating func add(_ name: String, _ kind: Kind, unit: String? = nil, _ help: String, _ value: Double?) {
        add(name, kind, unit: unit, help, value.map { [Sample(value: $0)] } ?? [])
    }

    var text: String { rendered(isOpen: false) }
    var openMetrics: String { rendered(isOpen: true) + "# EOF\n" }

    private func rendered(isOpen: Bool) -> String {
        var text = ""
        for family in families {
            let suffix = family.kind == .counter ? "_total" : family.kind == .info ? "_info" : ""
            // The older format names a family as its samples, and knows neither infos nor histograms that are gauges.
            let name = family.name + (isOpen ? "" : suffix)
            let kind = isOpen ? family.kind.rawValue : family.kind.olderName
            text += "# HELP \(name) \(Self.escaped(family.help))\n# TYPE \(name) \(kind)\n"
            if isOpen, let unit = family.unit { text += "# UNIT \(name) \(unit)\n" }
            for sample in family.samples {
                let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
                let part = isOpen ? sample.suffix : sample.suffix.replacing("_g", with: "_")
                text +=
                    family.name + suffix + part + (labels.isEmpty ? "" : "{\(labels)}")
                    + " \(Self.number(sample.value))\n"
            }
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\"", with: "\\\"")
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }
}
