import ArgumentParser
import Foundation

/// `hazecast reload`: SIGHUP to the daemon, and its answer.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the running daemon read its configuration and train, and wait for its answer.",
        discussion: """
            The unit's ExecReload= calls it; people call `systemctl reload hazecast`. Without systemd, start the daemon with \
            RUNTIME_DIRECTORY naming a directory that it may write to, and name its process and that directory here.
            """)

    @Option(help: "The daemon's process. Default: MAINPID, as systemd sets it.")
    var pid: Int32?

    @Option(help: "Where the daemon leaves its answer. Default: RUNTIME_DIRECTORY, as systemd sets it.")
    var directory: String?

    @Option(help: "Seconds to wait for the answer.")
    var timeout: Int = 30

    private static let poll = Duration.milliseconds(10)

    func run() async throws {
        let inherited = ProcessInfo.processInfo.environment["MAINPID"].flatMap { Int32($0) }
        guard let pid = pid ?? inherited, let directory = directory ?? ReloadAnswer.directory else {
            throw DaemonError(
                .configuration,
                "MAINPID or RUNTIME_DIRECTORY is not set: use `systemctl reload hazecast`, or --pid and --directory")
        }
        let asked = ServiceManager.monotonicMicroseconds()
        let deadline = ContinuousClock.now + .seconds(timeout)
        guard kill(pid, SIGHUP) == 0 else {
            throw DaemonError(.noAnswer, "the daemon cannot be reached: \(Self.reason)")
        }
        while ContinuousClock.now < deadline {
            if let answer = ReloadAnswer.read(in: directory), answer.began >= asked {
                if answer.hasFailed { throw DaemonError(.configuration, answer.message) }
                print(answer.message)
                return
            }
            guard kill(pid, 0) == 0 else { throw DaemonError(.noAnswer, "the daemon ended before it answered") }
            try await Task.sleep(for: Self.poll)
        }
        throw DaemonError(.noAnswer, "the daemon has not answered within \(timeout) s; what it does: `hazecast status`")
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
