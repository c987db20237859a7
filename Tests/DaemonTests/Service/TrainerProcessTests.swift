import Foundation
import TestSupport
import Testing

@testable import Daemon

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

    /// Each worker takes its share of the memory, so that there are no more of them than shares; and nothing of the
    /// daemon's is open in the trainer.
    @Test(.enabled(if: dataDirectory != nil)) func aTrainerOfOneShareComputesOneStationAtATime() async throws {
        try await Site.with { site in
            for name in ["roof", "yard", "wall"] {
                try await site.write(site.addStation(name), RealReadings.recent(4_000))
            }
            let daemon = try site.daemon(environment: ["HAZECAST_RETRAIN_MEMORY": "511 MiB"])
            defer { daemon.signal(SIGKILL) }
            try await eventually { try await site.latest("wall") != nil }
            try await site.run("SELECT hazecast.request_retrain()")
            try await eventually {
                try await site.text("SELECT count(*) FROM hazecast.training_run WHERE progress > 0") == "1"
            }
            let trainer = try #require(children(of: daemon.id).first)
            func sockets(_ process: pid_t) -> Set<String> {
                let folder = "/proc/\(process)/fd"
                let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                return Set(
                    names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
                        .filter { $0.hasPrefix("socket:") })
            }
            #expect(sockets(trainer).isDisjoint(with: sockets(daemon.id)) && !sockets(trainer).isEmpty)
            // Whoever computes is running, or waits for a processor, whenever one looks.
            var running: [String: Int] = [:]
            for _ in 1...200 {
                for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(trainer)/task")) ?? [] {
                    let stat = try? String(contentsOfFile: "/proc/\(trainer)/task/\(task)/stat", encoding: .utf8)
                    if stat?.contains(") R ") == true { running[task, default: 0] += 1 }
                }
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(running.values.count { $0 > 100 } == 1, "\(running)")
            daemon.signal(SIGTERM)
            _ = await daemon.end()
        }
    }
}
