import Dispatch
import Forecast
import Foundation
import Synchronization

/// Ctrl-C as a question that training asks after each epoch; a second Ctrl-C ends the process.
final class Interruption {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private let flag = Flag()
    private let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())

    var isRequested: Bool { question() }

    /// Whether it is requested; may be asked on any thread.
    var question: @Sendable () -> Bool { { [flag] in flag.isSet.load(ordering: .relaxed) } }

    init(onRequest: @escaping @Sendable () -> Void = {}) {
        signal(SIGINT, SIG_IGN)
        source.setEventHandler { [flag] in
            flag.isSet.store(true, ordering: .relaxed)
            onRequest()
            signal(SIGINT, SIG_DFL)
        }
        source.activate()
    }

    deinit {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }
}

/// A bar on a terminal's stderr, else JSON lines.
struct TrainingDisplay: Sendable {
    private let bar = ProgressBar("training")
    private let lines: @Sendable (String) -> Void

    /// - Parameter lines: takes the JSON lines; stdout by default.
    init(lines: @escaping @Sendable (String) -> Void = { print($0) }) { self.lines = lines }

    func show(_ progress: TrainingProgress) {
        guard bar.isShown else {
            lines(progress.json.line)
            return
        }
        let fraction = Double(progress.epoch) / Double(progress.epochs)
        bar.show(fraction, note: "loss \(String(format: "%.6f", progress.loss))  \(progress.phase)")
    }

    @Sendable func show(_ report: TrainingReport) {
        guard bar.isShown else {
            if let line = report.line { FileHandle.standardOutput.write(line) }
            return
        }
        bar.show(report.progress, note: report.phase)
    }

    func end() {
        bar.clear()
    }
}
