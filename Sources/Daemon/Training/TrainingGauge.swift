import Foundation
import Synchronization

/// How far a training run is, as its trainer writes it for the daemon, a line of JSON each.
struct TrainingReport: Codable, Sendable, Equatable {
    let run: Int32
    /// Share of the work that is done.
    let progress: Double
    /// What it is at.
    let phase: String

    /// A line of JSON with its end.
    var line: Data? { (try? JSONEncoder().encode(self)).map { $0 + Data("\n".utf8) } }
}

/// Between the threads that train and whoever asks how far they are, or wants them to stop.
final class TrainingGauge: Sendable {
    private struct State {
        var parts = 1
        var done = 0
        /// Parts that are under way, and the share of each that is done.
        var underWay: [String: Double] = [:]
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Whether training has to end.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Says of how many parts the work is.
    func begin(parts: Int) { state.withLock { $0.parts = max(1, parts) } }

    /// Says which share of a part is done.
    func advance(_ part: String, to share: Double) { state.withLock { $0.underWay[part] = share } }

    /// A part is done, or need not be.
    func end(_ part: String) {
        state.withLock { state in
            state.underWay[part] = nil
            state.done += 1
        }
    }

    /// Makes training end after the epochs at hand.
    func stop() { state.withLock { $0.isStopped = true } }

    /// How far it is now.
    func reading(run: Int32) -> TrainingReport {
        state.withLock { state in
            let done = Double(state.done) + state.underWay.values.reduce(0, +)
            let names = state.underWay.keys.sorted().joined(separator: ", ")
            return TrainingReport(
                run: run, progress: min(1, done / Double(state.parts)),
                phase: "\(state.done) of \(state.parts) done" + (names.isEmpty ? "" : "; \(names)"))
        }
    }
}
