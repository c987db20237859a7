import Foundation
import Synchronization

/// A program that the package builds, or any other, run as a user runs it.
public struct Executable: Sendable {
    /// Where it is.
    public let path: String

    /// A program by its path.
    public init(path: String) { self.path = path }

    /// The product `hazecast`, which lies beside the test bundle.
    public static let hazecast: Executable = {
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return Executable(path: bundle.deletingLastPathComponent().appending(path: "hazecast").path())
    }()

    /// What a program has left behind.
    public struct Output: Sendable {
        /// The exit status, 128 and the signal when one killed it, as shells have it.
        public let status: Int32
        /// All of standard output.
        public let standardOutput: String
        /// All of standard error.
        public let standardError: String
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - environment: set beside the environment of the tests.
    ///   - input: what it reads on standard input.
    ///   - deadline: the program is killed after it.
    /// - Throws: `DeadlineExceeded`; Foundation's error when there is no such program.
    public func run(
        _ arguments: [String], environment: [String: String] = [:], input: String = "",
        deadline: Duration = .seconds(60)
    ) async throws -> Output {
        let process = try start(arguments, environment: environment, input: input)
        defer { process.signal(SIGKILL) }
        return try await withDeadline(deadline) { await process.end() }
    }

    /// Starts the program. Whoever does so also ends it.
    public func start(
        _ arguments: [String], environment: [String: String] = [:], input: String = ""
    ) throws -> RunningProcess {
        try RunningProcess(path: path, arguments: arguments, environment: environment, input: input)
    }
}
