import Foundation
import TestSupport
import Testing

@Suite struct TrainerProcessTests {
    /// Its daemon is gone before it has begun, and it leads a process group: it can have no session of its own.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/autogroup")))
    func aTrainerWithoutItsDaemonLeavesTheSessionsPriorityAlone() async throws {
        // The inner shell starts it and is gone when it begins; the outer one, in the same session, waits for its end.
        let orphan = """
            set -m
            (while kill -0 $$ 2>/dev/null; do :; done; exec "$0" trainer 1 --memory 1073741824 --parent 1 2>&1) &
            """
        let output = try await Executable(path: "/usr/bin/setsid").run([
            "--wait", "bash", "-c", #"echo "$(bash -c "$1" "$0")"; cat /proc/self/autogroup"#,
            Executable.hazecast.path, orphan,
        ])
        #expect(output.standardOutput.contains("the trainer's parent is gone"))
        #expect(output.standardOutput.hasSuffix("nice 0\n"), "\(output.standardOutput)")
    }
}
