import Foundation
import Glibc

/// A view of the file systems that only this process and its children have, so that a small one can be mounted.
enum MountNamespace {
    private static let mark = "HAZECAST_FAULTS_MOUNTS"

    /// Whether this process has one.
    static var isOwn: Bool { getenv(mark) != nil }

    /// Starts this program anew inside of one, where that is allowed.
    static func enter() {
        guard !isOwn, geteuid() == 0, (try? run("/usr/bin/unshare", "--mount", "true")) == 0 else { return }
        setenv(mark, "1", 1)
        let arguments =
            ["unshare", "--mount", "--propagation", "private", "/proc/self/exe"] + CommandLine.arguments.dropFirst()
        // The link is that of whoever follows it.
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path()
        let words = arguments.map { $0 == "/proc/self/exe" ? program : $0 }
        execv("/usr/bin/unshare", words.map { strdup($0) } + [nil])
    }

    /// Mounts a file system of a fixed size, in memory.
    static func mountSmall(at directory: String, mebibytes: Int) throws {
        mkdir(directory, 0o755)
        guard try run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", directory) == 0 else {
            throw Failure("cannot mount a tmpfs at \(directory)")
        }
    }

    @discardableResult
    private static func run(_ program: String, _ arguments: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
