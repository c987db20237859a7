import Foundation
import Glibc

/// A throw-away machine under a real systemd: what scripts write to it is gone at the end, and the host never sees it.
///
/// Scripts run as its root, one at a time. Its network is the host's. It ends with the process that started it.
public final class SystemdMachine: Sendable {
    /// Whether one can be had here; the continuous integration must be able to.
    public static let isPossible =
        ProcessInfo.processInfo.environment["CI"] != nil
        || (geteuid() == 0 && access("/usr/lib/systemd/systemd", X_OK) == 0)

    /// A folder that the machine and the host see at the same place.
    public let folder: String
    private let process: RunningProcess
    private let commands: Int32

    /// Boots a machine.
    ///
    /// - Parameters:
    ///   - root: the tree that it lies upon.
    ///   - visible: folders of the host that it can read.
    /// - Throws: `DeadlineExceeded`; `NotStarted` with what the boot said.
    public init(root: String = "/", visible: [String]) async throws {
        let folder = "/tmp/hazecast-systemd-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let fifo = folder + "/commands"
        mkfifo(fifo, 0o600)
        // Opened for both, so that nobody waits for the other end; closed with us, which ends the loop below.
        commands = open(fifo, O_RDWR | O_CLOEXEC)
        let loop = """
            while read -r n; do bash "./$n.sh" >"./$n.out" 2>"./$n.err" </dev/null
            echo $? >./part; mv ./part "./$n.status"; done <./commands
            """
        let start =
            "cd \"$1\" && \"$2\" --timeout 120 --root \"$3\" \"${@:5}\" -- bash -c \"$4\"; cd / && rm -rf \"$1\""
        process = try Executable(path: "/bin/bash").start(
            ["-c", start, "bash", folder, Self.withSystemd, root, loop]
                + visible.flatMap { ["--bind-ro", $0] })
        self.folder = folder
        let booted = try? await withDeadline(.seconds(150)) { [self] in try await run("true") }
        guard booted?.status == 0 else { throw NotStarted(description: process.standardError) }
    }

    /// There is no machine.
    public struct NotStarted: Error, CustomStringConvertible {
        /// What the boot said.
        public let description: String
    }

    deinit { close(commands) }

    private static let withSystemd = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Systemd/with-systemd").path()

    /// Runs a script of bash to its end.
    ///
    /// - Throws: `DeadlineExceeded`.
    @discardableResult
    public func run(_ script: String, deadline: Duration = .seconds(90)) async throws -> Executable.Output {
        let name = UUID().uuidString
        func file(_ suffix: String) -> String { "\(folder)/\(name).\(suffix)" }
        try script.write(toFile: file("sh"), atomically: true, encoding: .utf8)
        let line = Array("\(name)\n".utf8)
        _ = write(commands, line, line.count)
        let end = ContinuousClock.now + deadline.patient
        while access(file("status"), F_OK) != 0 {
            guard ContinuousClock.now < end else { throw DeadlineExceeded(duration: deadline) }
            try await Task.sleep(for: .milliseconds(5))
        }
        func text(_ suffix: String) throws -> String { try String(contentsOfFile: file(suffix), encoding: .utf8) }
        return Executable.Output(
            status: Int32(try text("status").trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1,
            standardOutput: try text("out"), standardError: try text("err"))
    }
}
