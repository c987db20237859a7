import CLinux
import Foundation
import Glibc
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
            state.withLock { $0.end = end }
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

    /// Not by Foundation's `Process`, which leaves the descriptors of a run loop behind for each thread that starts one.
    private func start(database: String, memory: Int) -> End {
        var ends: [Int32] = [-1, -1]
        guard open_pipe(&ends) == 0 else { return .notStarted(String(cString: strerror(errno))) }
        defer { close(ends[0]) }
        var id = pid_t()
        let status = spawn(&id, output: ends[1], database: database, memory: memory)
        close(ends[1])
        guard status == 0 else { return .notStarted(String(cString: strerror(status))) }
        state.withLock { state in
            state.id = id
            if state.isUnwanted { Glibc.kill(id, SIGKILL) }
        }
        follow(ends[0])
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        var end: Int32 = 0
        state.withLock { state in
            waitpid(id, &end, 0)
            state.id = nil
        }
        return end & 0x7f == 0 ? .exited(end >> 8 & 0xff) : .killed(signal: end & 0x7f)
    }

    /// This very program, also when an upgrade has put another in its place.
    ///
    /// - Returns: 0, or an `errno`.
    private func spawn(_ id: inout pid_t, output: Int32, database: String, memory: Int) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let arguments = ["/proc/self/exe", "trainer", "\(run)", "--memory", "\(memory)", "--parent", "\(getpid())"]
        let variables = ProcessInfo.processInfo.environment.filter { $0.key != "NOTIFY_SOCKET" }
            .merging([TrainerCommand.database: database]) { $1 }
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for string in argv + environment { free(string) } }
        return posix_spawn(&id, arguments[0], &actions, &attributes, &argv, &environment)
    }

    /// Reads reports, a line of JSON each, until the child is gone.
    private func follow(_ output: Int32) {
        var line = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output, &buffer, buffer.count)
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
