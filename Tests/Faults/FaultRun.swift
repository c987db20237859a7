import ArgumentParser
import Forecast
import Foundation
import Postgres
import TestSupport

/// Replays readings twice, once undisturbed and once with a fault at every step, and compares the two ledgers.
@main
struct FaultRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Faults",
        abstract: "Breaks what is around the daemon, step by step, and looks whether anything is lost or doubled.")

    @Option(help: "Repeats a run: the same readings, the same faults.")
    var seed: UInt64 = 1

    @Option(name: .customLong("faults"), help: "How many.")
    var count = 20

    @Option(help: "How many stations report.")
    var stations = 5

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Only these faults: \(Fault.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "fault"))
    var only: [Fault] = []

    @Flag(help: "One fault at a time, never two together.")
    var apart = false

    @Option(help: "Seconds that anything may take beyond what is promised, on a machine that does other things.")
    var patience = 3

    @Flag(help: "Prints what the daemons said was wrong.")
    var verbose = false

    @Flag(help: "No faults, but 24 days of readings by writers of one row each, and memory that must not grow.")
    var soak = false

    func run() async throws {
        MountNamespace.enter()
        // A child that has died while it is written to must not end the harness.
        signal(SIGPIPE, SIG_IGN)
        do {
            if soak { try await Soak.run(stations: stations) } else { try await replay() }
        } catch {
            say("FAILED: \(error)")
            say("again: \(command)")
            throw ExitCode.failure
        }
    }

    private var command: String {
        if soak { return "make soak STATIONS=\(stations)" }
        let kinds = only.isEmpty ? "" : " ONLY='\(only.map(\.rawValue).joined(separator: " "))'"
        let rest = "\(kinds)\(apart ? " APART=1" : "")"
        return "make faults SEED=\(seed) N=\(count) STATIONS=\(stations) PATIENCE=\(patience)\(rest)"
    }

    private func replay() async throws {
        let began = ContinuousClock.now
        let replay = try Replay(seed: seed, stations: stations, disturbedSteps: count)
        say("seed \(seed): \(count) faults, \(stations) stations, \(replay.origin)")
        var random = SeededGenerator(seed: seed, test: "schema")
        // The first ones hold the triggers that note readings; the last one needs all others.
        let older = OlderSchema.count.map { Int.random(in: 3..<$0, using: &random) }
        let world = try await World.start(
            stations: replay.stations, slack: .seconds(patience), olderSchema: older, isVerbose: verbose)
        do {
            let undisturbed = try await world.undisturbed(replay)
            say("undisturbed: \(undisturbed.count) forecasts in \(replay.steps.count) steps")
            var schedule = Schedule(seed: seed, kinds: try await kinds(in: world), apart: apart)
            try await world.prepare(replay)
            for (number, step) in replay.steps.enumerated() {
                let faults = number < Replay.quietSteps ? [] : schedule.next()
                let name = faults.map(\.fault.rawValue).joined(separator: " + ")
                do {
                    let stepBegan = ContinuousClock.now
                    let recovery = try await world.take(step, under: faults)
                    if !faults.isEmpty {
                        say(
                            "\(number - Replay.quietSteps + 1)/\(count) \(step): \(name), right again after "
                                + "\(milliseconds(recovery)) (\(milliseconds(.now - stepBegan)) in all)")
                    }
                } catch {
                    throw Failure("step \(number - Replay.quietSteps + 1), \(step), under \(name): \(error)")
                }
            }
            try await world.check(against: undisturbed)
            try await judge(world)
            await world.end()
        } catch {
            await world.report()
            await world.end()
            throw error
        }
        say("held: \(count) faults in \((ContinuousClock.now - began) / .seconds(1)) s")
    }

    /// What was found out about each kind.
    private func judge(_ world: World) async throws {
        let findings = await world.findings
        for line in findings.lines { say("  \(line)") }
        say("  the daemons' log: at most \(findings.loudest) lines a step")
        let idle = findings.idle.map(\.rawValue).sorted()
        guard idle.isEmpty else { throw Failure("without any effect: \(idle.joined(separator: ", "))") }
    }

    private func kinds(in world: World) async throws -> [Fault] {
        let wanted = only.isEmpty ? Fault.allCases : only
        return await wanted.asyncFilter { fault in
            guard let reason = await world.cannot(fault) else { return true }
            say("skipped: \(fault.rawValue): \(reason)")
            return false
        }
    }
}

func milliseconds(_ duration: Duration) -> String { "\(Int(duration / .milliseconds(1))) ms" }

/// What the harness found, or what kept it from looking.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension Array {
    fileprivate func asyncFilter(_ isIncluded: (Element) async -> Bool) async -> [Element] {
        var kept: [Element] = []
        for element in self where await isIncluded(element) { kept.append(element) }
        return kept
    }
}

/// A line on standard output, at once, also into a file.
func say(_ line: String) { try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8)) }
