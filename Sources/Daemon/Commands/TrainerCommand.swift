import ArgumentParser
import CLinux
import Foundation
import Postgres

/// `hazecast trainer`: what the daemon starts to train. Not for people, who have `hazecast train --activate`.
struct TrainerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "trainer", shouldDisplay: false)

    /// The variable that holds the connection string; no file is read, so that none can be in the way.
    static let database = "HAZECAST_TRAINER_DATABASE"

    @Argument(help: "The run, which waits in hazecast.training_run.")
    var training: Int32

    @Option(help: "Bytes that it may use.")
    var memory: UInt

    @Option(help: "The process that it must not outlive.")
    var parent: Int32

    /// Memory that a station may take while it is trained on, three years of it; 262 MB for those that are trained together.
    private static let share: UInt = 256 << 20

    func run() async throws {
        // A priority that is a whole session's: without one of its own it would be that of the daemon and whoever started that.
        guard take_own_session() else { throw DaemonError(.training, "the trainer's parent is gone") }
        // Elsewhere nobody would give way to anybody: nice counts only within a session where the kernel groups by them.
        try? "19".write(toFile: "/proc/self/autogroup", atomically: false, encoding: .utf8)
        _ = set_parent_death_signal(SIGKILL)
        // It may have died before the kernel knew.
        guard getppid() == parent else { return }
        // systemd and a terminal signal the whole group; the daemon decides when this process ends.
        for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) }
        _ = limit_memory(memory)
        // When the machine has no memory left, the kernel takes this process first.
        try? "1000".write(toFile: "/proc/self/oom_score_adj", atomically: false, encoding: .utf8)
        let conninfo = ProcessInfo.processInfo.environment[Self.database] ?? ""
        let connection = try await Connection.connect(conninfo, applicationName: "hazecast trainer")
        let workers = min(ProcessInfo.processInfo.activeProcessorCount, max(1, Int(memory / Self.share)))
        _ = try await TrainingRun.run(training, why: "", on: connection, workers: workers, gauge: TrainingGauge()) {
            report in
            if let line = report.line { try? FileHandle.standardOutput.write(contentsOf: line) }
        }
        await connection.close()
    }
}
