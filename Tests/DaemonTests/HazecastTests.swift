import Foundation
import TestSupport
import Testing

@testable import Daemon

/// The program as such.
@Suite struct HazecastTests {
    /// libfaketime sets a variable before `main`, which moves the environment away from the arguments.
    @Test func argumentsAreFoundBesideAPreloadedLibrary() async throws {
        let places = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
        let library = try #require(places.first { FileManager.default.fileExists(atPath: $0) })
        let output = try await withDeadline(.seconds(10)) {
            try await Executable.hazecast.run(["--version"], environment: ["LD_PRELOAD": library, "FAKETIME": "+0"])
        }
        #expect(output.status == 0 && output.standardOutput == "\(Hazecast.version)\n")
    }
}
