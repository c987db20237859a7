import Foundation
import TestSupport
import Testing

/// Of the test support itself: what runs the built binary in other tests.
struct ExecutableTests {
    private let shell = Executable(path: "/bin/sh")

    @Test func bothOutputsAndTheStatusAreCaptured() async throws {
        let script = "cat; head -c 1000000 /dev/zero | tr '\\0' e >&2; head -c 1000000 /dev/zero; exit 3"
        let output = try await shell.run(["-c", script], input: "in")
        #expect(output.status == 3)
        #expect(output.standardOutput.utf8.count == 1_000_002 && output.standardOutput.hasPrefix("in"))
        #expect(output.standardError.utf8.count == 1_000_000)
    }

    @Test func aProgramCanBeWaitedForAndKilled() async throws {
        let process = try shell.start(["-c", "echo $GREETING >&2; exec sleep 60"], environment: ["GREETING": "ready"])
        #expect(await process.hasWritten(toStandardError: "ready\n"))
        process.signal(SIGKILL)
        #expect(await process.end().status == 137)
        #expect(await !process.hasWritten(toStandardOutput: "anything"))
    }

    @Test func aProgramPastItsDeadlineIsKilled() async throws {
        await #expect(throws: DeadlineExceeded.self) {
            try await shell.run(["-c", "exec sleep 60"], deadline: .milliseconds(50))
        }
    }
}
