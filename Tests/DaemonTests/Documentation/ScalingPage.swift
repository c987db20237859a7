import Foundation
import Postgres
import TestSupport

/// The commands of `docs/scaling.md`, run word for word on servers of the tests' own.
struct ScalingPage {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized

    /// The blocks of commands under each heading.
    private let blocks: [String: [String]]
    /// What stands for the hosts, as the page's first block has it.
    let variables: [String: String]

    init(variables: [String: String]) throws {
        let page = try String(contentsOf: Self.root.appending(path: "docs/scaling.md"), encoding: .utf8)
        var blocks: [String: [String]] = [:]
        var heading = ""
        var block: [Substring]?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```", let lines = block {
                blocks[heading, default: []].append(lines.joined(separator: "\n"))
                block = nil
            } else if block != nil {
                block?.append(line)
            } else if line == "```sh" {
                block = []
            } else if line.hasPrefix("## ") || line.hasPrefix("### ") {
                heading = String(line.drop { $0 == "#" }.dropFirst())
            }
        }
        self.blocks = blocks
        self.variables = variables
    }

    /// A command on the page failed.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a block of commands in the folder that the page is written for.
    ///
    /// - Throws: `Failure` with what they have written.
    func run(_ heading: String, _ block: Int = 0) async throws {
        guard let commands = blocks[heading], commands.indices.contains(block) else {
            throw Failure(description: "docs/scaling.md has no commands \(block) under '\(heading)'")
        }
        let programs = URL(filePath: Executable.hazecast.path).deletingLastPathComponent().path()
        let path = "\(programs):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let output = try await Executable(path: "/usr/bin/env").run(
            ["-C", Self.root.path(), "sh", "-euc", commands[block]],
            environment: variables.merging(["PATH": path]) { $1 })
        guard output.status == 0 else {
            throw Failure(description: "\(heading): \(output.standardOutput)\(output.standardError)")
        }
    }
}
