import Foundation
import TestSupport
import Testing

/// `docs/security.md` lists what is linked into the binary.
struct DependencyTests {
    private struct Dependency: Hashable {
        let name: String
        let version: String
        let licence: String
    }

    /// Where SwiftPM keeps what this bundle was built from: its folder is `FOLDER/x86_64-…/release`.
    private static let folder = URL(filePath: Executable.hazecast.path).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/security.md")

    /// What was built, by SwiftPM's own account.
    private static func built() throws -> [Dependency] {
        struct State: Decodable {
            struct Object: Decodable { let dependencies: [Entry] }
            struct Entry: Decodable {
                let subpath: String
                let packageRef: Reference
                let state: Checkout
            }
            struct Reference: Decodable { let identity: String }
            struct Checkout: Decodable { let checkoutState: Version }
            struct Version: Decodable { let version: String }
            let object: Object
        }
        let data = try Data(contentsOf: folder.appending(path: "workspace-state.json"))
        return try JSONDecoder().decode(State.self, from: data).object.dependencies.map { entry in
            let checkout = folder.appending(path: "checkouts/\(entry.subpath)")
            let file = try FileManager.default.contentsOfDirectory(atPath: checkout.path()).first {
                $0.hasPrefix("LICENSE")
            }
            let text = try String(contentsOf: checkout.appending(path: file ?? "LICENSE"), encoding: .utf8)
            return Dependency(
                name: entry.packageRef.identity, version: entry.state.checkoutState.version,
                licence: text.contains("Apache License") && text.contains("Version 2.0")
                    ? "Apache 2.0" : text.contains("MIT License") ? "MIT" : "unknown")
        }
    }

    /// The rows of the page's table that have a version of SwiftPM's.
    private static func listed() throws -> [Dependency] {
        let text = try String(contentsOf: page, encoding: .utf8)
        let chapter = text.components(separatedBy: "## Dependencies").last ?? ""
        return chapter.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, !cells[0].contains(" "), cells[1].wholeMatch(of: /\d+\.\d+\.\d+/) != nil else {
                return nil
            }
            return Dependency(name: cells[0], version: cells[1], licence: cells[2].components(separatedBy: " (")[0])
        }
    }

    @Test func everyLinkedPackageIsListedWithItsLicence() throws {
        let (built, listed) = (try Self.built(), try Self.listed())
        #expect(built.map(\.name).sorted() == listed.map(\.name).sorted())
        for dependency in built {
            let row = try #require(listed.first { $0.name == dependency.name }, "\(dependency.name) is not listed")
            #expect(row.licence == dependency.licence, "\(dependency.name)")
            // A build may have got a newer one: `Package.swift` names the least.
            #expect(
                row.version.compare(dependency.version, options: .numeric) != .orderedDescending,
                "\(dependency.name) \(dependency.version)")
            #expect(row.version.prefix { $0 != "." } == dependency.version.prefix { $0 != "." }, "\(dependency.name)")
        }
    }
}
