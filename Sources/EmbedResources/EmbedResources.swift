import Foundation

/// Writes a Swift file that holds other files: `EmbedResources OUTPUT.swift INPUT…`.
///
/// The output declares `enum EmbeddedResources` with two dictionaries of texts: `schema`, the SQL files by folder and name,
/// such as `tables/03_readings.sql`, and `models`, the JSON files by name.
@main
struct EmbedResources {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let output = arguments.first else {
            FileHandle.standardError.write(Data("usage: EmbedResources OUTPUT.swift INPUT…\n".utf8))
            exit(64)
        }
        let inputs = arguments.dropFirst().map { URL(filePath: $0) }
        var source = "enum EmbeddedResources {\n"
        source += try dictionary("schema", inputs.filter { $0.pathExtension == "sql" }) { file in
            "\(file.deletingLastPathComponent().lastPathComponent)/\(file.lastPathComponent)"
        }
        source += try dictionary("models", inputs.filter { $0.pathExtension == "json" }, key: \.lastPathComponent)
        source += "}\n"
        try source.write(to: URL(filePath: output), atomically: true, encoding: .utf8)
    }

    private static func dictionary(_ name: String, _ files: [URL], key: (URL) -> String) throws -> String {
        var source = "    static let \(name): [String: String] = [\n"
        for file in files.sorted(by: { $0.path() < $1.path() }) {
            let text = try String(contentsOf: file, encoding: .utf8)
            precondition(!text.contains("\"\"\"####"), "\(file.path()) holds the delimiter of a raw Swift string")
            source += "        \"\(key(file))\": ####\"\"\"\n\(text)\n\"\"\"####,\n"
        }
        return source + (files.isEmpty ? "        :\n    ]\n" : "    ]\n")
    }
}
