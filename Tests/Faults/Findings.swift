/// What a run has found out about the faults that it made.
struct Findings {
    private struct Finding {
        var made = 0
        var effects = 0
        var noticed = Duration.zero
        var stopped = Duration.zero
        var right = Duration.zero
        var places: [String: Int] = [:]
    }

    private var findings: [Fault: Finding] = [:]
    /// The most that the daemons wrote into their log at one step, debugging left out.
    private(set) var loudest = 0

    /// So many of a kind cannot all miss.
    private static let enough = 4

    /// A fault was made, and everything was right again that long after it had been lifted.
    mutating func made(_ fault: Fault, rightAfter duration: Duration) {
        findings[fault, default: Finding()].made += 1
        findings[fault, default: Finding()].right = max(findings[fault]?.right ?? .zero, duration)
    }

    /// A fault had an effect.
    mutating func saw(_ fault: Fault, times: Int = 1) { findings[fault, default: Finding()].effects += times }

    /// A fault hit the daemon when it was about to send something.
    mutating func hit(_ fault: Fault, at place: String) {
        saw(fault)
        findings[fault]?.places[place, default: 0] += 1
    }

    /// The daemon said that something was wrong, that long after it was.
    mutating func noticed(_ fault: Fault, after duration: Duration) {
        findings[fault, default: Finding()].noticed = max(findings[fault]?.noticed ?? .zero, duration)
    }

    /// The daemon ended that long after it had been asked to.
    mutating func stopped(under fault: Fault, within duration: Duration) {
        findings[fault, default: Finding()].stopped = max(findings[fault]?.stopped ?? .zero, duration)
    }

    /// The daemons wrote so many lines at a step.
    mutating func logged(lines: Int) { loudest = max(loudest, lines) }

    /// A line a kind.
    var lines: [String] {
        findings.sorted { $0.key.rawValue < $1.key.rawValue }.map { fault, finding in
            var parts = ["\(fault.rawValue): \(finding.made), \(finding.effects) with an effect"]
            if finding.noticed > .zero { parts.append("noticed after at most \(milliseconds(finding.noticed))") }
            if finding.stopped > .zero { parts.append("stopped within \(milliseconds(finding.stopped))") }
            parts.append("right again after at most \(milliseconds(finding.right))")
            let places = finding.places.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
            if !places.isEmpty { parts.append("before " + places.joined(separator: ", ")) }
            return parts.joined(separator: "; ")
        }
    }

    /// Kinds that were made again and again without any effect: the harness has stopped doing what it says.
    var idle: [Fault] { findings.filter { $0.value.made >= Self.enough && $0.value.effects == 0 }.map(\.key) }
}
