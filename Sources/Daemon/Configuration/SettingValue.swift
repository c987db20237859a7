/// Values with a unit, as they stand in the configuration.
enum SettingValue {
    private static let times: KeyValuePairs = ["minute": 60, "hour": 3600, "day": 86_400]
    private static let sizes: KeyValuePairs = ["MiB": 1 << 20, "GiB": 1 << 30]

    /// A time such as `90 minutes` or `7 days`; nil for anything else.
    static func duration(_ text: String) -> Duration? {
        amount(text, units: times.flatMap { [($0.key, $0.value), ($0.key + "s", $0.value)] }).map { .seconds($0) }
    }

    /// A size such as `512 MiB`; nil for anything else.
    static func bytes(_ text: String) -> Int? { amount(text, units: sizes.map { ($0.key, $0.value) }) }

    /// As `duration` reads it.
    static func text(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        let unit = times.last { seconds % $0.value == 0 } ?? ("minute", 60)
        let count = seconds / unit.value
        return "\(count) \(unit.key)\(count == 1 ? "" : "s")"
    }

    /// As `bytes` reads it.
    static func text(bytes: Int) -> String {
        bytes % (1 << 30) == 0 ? "\(bytes >> 30) GiB" : "\(bytes >> 20) MiB"
    }

    /// A whole number above zero and a unit.
    private static func amount(_ text: String, units: [(name: String, value: Int)]) -> Int? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let count = Int(parts[0]), count > 0,
            let unit = units.first(where: { $0.name == parts[1] })
        else { return nil }
        let (product, isTooMuch) = count.multipliedReportingOverflow(by: unit.value)
        return isTooMuch ? nil : product
    }
}
