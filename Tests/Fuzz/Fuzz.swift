import ArgumentParser
import Foundation
import Glibc
import TestSupport

/// Feeds what parses bytes from outside with damaged examples: nothing may crash, hang, or allocate without bound.
///
/// The same seed makes the same inputs; the line that is shown last says how far it had come.
@main
struct Fuzz: ParsableCommand {
    @Option(help: "Repeats a run.")
    var seed: UInt64 = 1

    @Option(help: "Inputs for each target; 0: as many as fit into the time.")
    var inputs = 0

    @Option(help: "Seconds for each target, where no number of inputs is given.")
    var seconds = 60

    @Option(parsing: .upToNextOption, help: "Only these targets.")
    var only: [String] = []

    /// The longest that one input may take, and what it may allocate, in bytes.
    private static let patience = Duration.seconds(5)
    private static let memory: rlim_t = 2 << 30

    func run() throws {
        var limit = rlimit(rlim_cur: Self.memory, rlim_max: Self.memory)
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
        var total = 0
        for target in Target.all where only.isEmpty || only.contains(target.name) {
            total += try run(target)
        }
        print("\(total) inputs, no crash, no hang")
    }

    private func run(_ target: Target) throws -> Int {
        var mutator = Mutator(seed: seed, corpus: target.corpus)
        let began = ContinuousClock.now
        var count = 0
        var accepted = 0
        var slowest = Duration.zero
        while inputs > 0 ? count < inputs : count % 256 != 0 || ContinuousClock.now - began < .seconds(seconds) {
            let input = mutator.next()
            if count % 4096 == 0 { print("\(target.name): \(count)", terminator: "\r") }
            let start = ContinuousClock.now
            // The kernel ends what hangs; the seed and the number find the input again.
            alarm(30)
            if target.parse(input) { accepted += 1 }
            slowest = max(slowest, ContinuousClock.now - start)
            count += 1
            guard slowest < Self.patience else {
                print("\(target.name): input \(count) of seed \(seed) took \(slowest)")
                throw ExitCode.failure
            }
        }
        alarm(0)
        print("\(target.name): \(count) inputs, \(accepted) accepted, the slowest \(slowest)")
        return count
    }
}
