import CLinux
import Foundation
import Synchronization

/// A child process that trains: this program's hidden command `trainer`, at the lowest priority.
///
/// One thread starts it, reads what it says, and waits for it. That thread has taken the low priority itself, which a child
/// inherits with all its threads; and it lives as long as the child, so that the kernel, which kills the child when the
/// thread that started it ends, does so when this process dies and not before.
final class TrainerProcess: Sendable {
    /// How a trainer ended.
    enum End: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
        /// It could not be started.
        case notStarted(String)
    }

    private struct State {
        var id: pid_t?
        var report: TrainingReport?
        var end: End?
        var isUnwanted = false
    }

    /// The run that it works on.
    let run: Int32
    private let state = Mutex(State())

    /// - Parameters:
    ///   - database: a connection string; the child gets it in its environment, where `ps` does not show it.
    ///   - memory: bytes that it may use.
    init(run: Int32, database: String, memory: Int) {
        self.run = run
        Thread.detachNewThread { [self] in
            Thread.current.name = "trainer"
            take_lowest_priority()
            let end = start(database: database, memory: memory)
            state.withLock { state in
                state.id = nil
                state.end = end
            }
        }
    }

    /// The newest that it said of itself.
    var report: TrainingReport? { state.withLock { $0.report } }

    /// nil while it runs.
    var end: End? { state.withLock { $0.end } }

    /// Kills it. It holds nothing that a death could damage: its transactions roll back.
    func kill() {
        state.withLock { state in
            state.isUnwanted = true
            // It has not been waited for while its id stands here, so the id is nobody else's.
            if let id = state.id { Glibc.kill(id, SIGKILL) }
        }
    }

    private func start(database: String, memory: Int) -> End {
        let process = Process()
        // This very program, also when an upgrade has put another in its place.
        process.executableURL = URL(filePath: "/proc/self/exe")
        process.arguments = ["trainer", "\(run)", "--memory", "\(memory)", "--parent", "\(getpid())"]
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "NOTIFY_SOCKET" }
            .merging([TrainerCommand.database: database]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return .notStarted(error.localizedDescription)
        }
        state.withLock { state in
            state.id = process.processIdentifier
            if state.isUnwanted { Glibc.kill(process.processIdentifier, SIGKILL) }
        }
        follow(output.fileHandleForReading)
        process.waitUntilExit()
        return process.terminationReason == .uncaughtSignal
            ? .killed(signal: process.terminationStatus) : .exited(process.terminationStatus)
    }

    /// Reads reports, a line of JSON each, until the child is gone.
    private func follow(_ output: FileHandle) {
        var line = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output.fileDescriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            line.append(contentsOf: buffer[..<count])
            while let end = line.firstIndex(of: UInt8(ascii: "\n")) {
                if let report = try? JSONDecoder().decode(TrainingReport.self, from: line[..<end]) {
                    state.withLock { $0.report = report }
                }
                line = Data(line[(end + 1)...])
            }
        }
    }
}
