import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Inputs that a fuzzer starts from, and those with which it has once found something.
struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fuzz/Corpus")

    @Test(arguments: Target.all.map(\.name)) func everyInputIsReadOrRefused(name: String) async throws {
        let target = try #require(Target.all.first { $0.name == name })
        let inputs = try FileManager.default.contentsOfDirectory(
            at: Self.folder.appending(path: name), includingPropertiesForKeys: nil)
        #expect(!inputs.isEmpty)
        var accepted = 0
        for input in inputs {
            let bytes = Array(try Data(contentsOf: input))
            let isAccepted = try await withDeadline(.seconds(60)) {
                // Not on one of the few threads that tasks share: a target may wait for a task.
                try await withCheckedThrowingContinuation { continuation in
                    Thread.detachNewThread { continuation.resume(with: Result { try target.parse(bytes) }) }
                }
            }
            if isAccepted { accepted += 1 }
        }
        // Else nothing but the first check is tried.
        #expect(accepted > 0)
    }

    @Test func everyTargetHasInputs() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
        #expect(Set(folders) == Set(Target.all.map(\.name)))
    }
}
