import Foundation
import TestSupport
import Testing

@testable import Daemon

/// What of a secret could get into a file.
@Suite struct SecretFileTests {
    /// Whatever the shell allows: memory holds the password and readings.
    @Test func noCommandLeavesACoreFile() async throws {
        let daemon = try Executable(path: "/bin/sh").start([
            "-c", "ulimit -S -c $(ulimit -H -c); exec '\(Executable.hazecast.path)' run --database host=/nonexistent",
        ])
        defer { daemon.signal(SIGKILL) }
        #expect(try await withDeadline(.seconds(20)) { await daemon.hasWritten(toStandardError: "starting") })
        let limits = try String(contentsOfFile: "/proc/\(daemon.id)/limits", encoding: .utf8)
        let cores = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(cores.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
    }

    @Test func aFileThatACommandWritesHasTheUsersMode() async throws {
        try await Site.with { site in
            let folder = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            for (mask, mode) in [("077", 0o600), ("022", 0o644)] {
                let file = folder.appending(path: "rejects-\(mask)").path()
                let output = try await Executable(path: "/bin/sh").run(
                    [
                        "-c", "umask \(mask); exec \"$@\"", "sh", Executable.hazecast.path, "import", "--format", "csv",
                        "--rejects", file, "--database", site.conninfo, "-",
                    ], input: "station,observed_at,pm25\na,2026-01-05T07:00Z,1\na,never,1\n")
                #expect(output.status == 0, "\(output.standardError)")
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                #expect(attributes[.posixPermissions] as? Int == mode)
            }
        }
    }
}
