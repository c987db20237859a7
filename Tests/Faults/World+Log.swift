import Foundation
import Postgres
import TestSupport

/// What daemons and servers say, and how soon.
extension World {
    /// How far the logs had come at a moment.
    struct Mark {
        fileprivate let time = ContinuousClock.now
        fileprivate let serverLog: String
        fileprivate let server: Int
        fileprivate let daemons: [Int32: Int]
    }

    func mark() -> Mark {
        Mark(
            serverLog: cluster.directory + "/log", server: serverLog.count,
            daemons: Dictionary(uniqueKeysWithValues: everyone.map { ($0.id, $0.standardError.utf8.count) }))
    }

    private var serverLog: Data {
        (try? Data(contentsOf: URL(filePath: cluster.directory + "/log"), options: .mappedIfSafe)) ?? Data()
    }

    func daemonLog(since mark: Mark) -> String {
        everyone.map { String(decoding: $0.standardError.utf8.dropFirst(mark.daemons[$0.id] ?? 0), as: UTF8.self) }
            .joined()
    }

    func serverLog(since mark: Mark) -> String {
        String(
            decoding: serverLog.dropFirst(mark.serverLog == cluster.directory + "/log" ? mark.server : 0), as: UTF8.self
        )
    }

    /// Counts an effect of a fault.
    func saw(_ fault: Fault) { findings.saw(fault) }

    /// Counts an effect at a step of the daemon's work.
    func hit(_ fault: Fault, at place: String) { findings.hit(fault, at: place) }

    func look(for faults: [Struck], since mark: Mark) throws {
        let said = daemonLog(since: mark)
        for fault in faults.map(\.fault) {
            switch fault.trace {
            case .daemon(let words): if said.contains(words) { saw(fault) }
            case .server(let words): if serverLog(since: mark).contains(words) { saw(fault) }
            case .seen: break
            }
        }
        try lookForRepeats(since: mark)
        let lines = said.split(separator: "\n").filter { !$0.contains(" DEBUG ") }
        if isVerbose {
            for line in lines where line.contains(" ERROR ") || line.contains(" WARNING ") { say("    \(line)") }
        }
        findings.logged(lines: lines.count)
        guard lines.count <= Self.linesAtMost else {
            throw Failure("\(lines.count) lines in the log: \(lines.suffix(5).joined(separator: " | "))")
        }
    }

    /// A fault that repeats is said once; after ten good seconds it would be another one.
    private func lookForRepeats(since mark: Mark) throws {
        guard ContinuousClock.now - mark.time < .seconds(10) else { return }
        for daemon in everyone {
            let said = String(
                decoding: daemon.standardError.utf8.dropFirst(mark.daemons[daemon.id] ?? 0), as: UTF8.self)
            let errors = said.matches(of: /.* ERROR (.*) retry_in=/).map(\.output.1)
            for error in Set(errors) where errors.count(where: { $0 == error }) > 1 {
                throw Failure("logged more than once: \(error)")
            }
        }
    }

    /// Waits until the daemon says that something is wrong.
    ///
    /// - Parameter broken: when it began to be.
    func expectNotice(
        of fault: Struck, from broken: ContinuousClock.Instant, since mark: Mark
    ) async throws {
        let limit: Duration
        switch fault.fault {
        case .blackHole where fault.variant % 3 == 0: limit = .seconds(15)
        case .halfOpen where fault.variant % 3 == 0: limit = .seconds(15)
        case .readOnly, .failover: limit = Self.promise
        default: return
        }
        guard !fault.isStopping, let daemon = daemons.first, !daemon.hasEnded else { return }
        while !daemonLog(since: mark).contains(" retry_in=") {
            // One that is just being made, because of the fault before, is to be half open as well.
            if fault.fault == .halfOpen { proxy.swallow(clientsThatSent: Self.session) }
            if ContinuousClock.now > broken + limit + slack {
                throw Failure("\(fault.fault.rawValue) not noticed within \(limit)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        findings.noticed(fault.fault, after: .now - broken)
        if fault.fault == .halfOpen { saw(.halfOpen) }
    }

    /// The wait that the daemon has announced last.
    func announced(since mark: Mark) -> Duration {
        let waits = daemonLog(since: mark).matches(of: /retry_in=(\d+) ms/)
        return .milliseconds(waits.last.flatMap { Int($0.output.1) } ?? 0)
    }
}
