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

/// Between the thread that trains and whoever asks how far it is, or wants it to stop.
final class TrainingGauge: Sendable {
    private struct State {
        var phase = "reading"
        var start = 0.0
        var share = 0.0
        var done = 0.0
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Whether training has to end.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Begins a part of the work.
    ///
    /// - Parameters:
    ///   - start: share of the whole work that was done before.
    ///   - share: of the whole work that this part is.
    func begin(_ phase: String, at start: Double, share: Double) {
        state.withLock { state in
            (state.phase, state.start, state.share, state.done) = (phase, start, share, 0)
        }
    }

    /// Says which share of the present part is done.
    func advance(_ done: Double) { state.withLock { $0.done = done } }

    /// Makes training end after the epoch at hand.
    func stop() { state.withLock { $0.isStopped = true } }

    /// How far it is now.
    func reading(run: Int32) -> TrainingReport {
        state.withLock { state in
            TrainingReport(run: run, progress: min(1, state.start + state.share * state.done), phase: state.phase)
        }
    }
}
