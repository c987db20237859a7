/// The time that usually passes from a row to the next.
struct RowSpacing {
    private static let most = 64

    private var last: Int64?
    /// Seconds between neighbours in the file, and how often.
    private var counts: [Int64: Int] = [:]
    private var total = 0
    private var divisor: Int64 = 0

    /// Takes the time of the next row, in microseconds.
    mutating func take(_ local: Int64) {
        defer { last = local }
        guard let last, last != local else { return }
        let seconds = abs(local - last) / 1_000_000
        total += 1
        if counts.count < Self.most || counts[seconds] != nil { counts[seconds, default: 0] += 1 }
        var (larger, smaller) = (max(divisor, seconds), min(divisor, seconds))
        while smaller > 0 { (larger, smaller) = (smaller, larger % smaller) }
        divisor = larger
    }

    /// As `--step` takes it: what most rows are apart, or else what divides all distances.
    var usual: String? {
        guard let common = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return nil }
        let seconds = common.value * 2 > total || divisor < 60 ? common.key : divisor
        guard (1..<3_600).contains(seconds) else { return nil }
        return seconds.isMultiple(of: 60) ? "\(seconds / 60)min" : "\(seconds)s"
    }
}
