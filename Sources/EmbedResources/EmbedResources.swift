import Foundation

/// Writes a Swift file that holds other files: `EmbedResources OUTPUT.swift INPUT…`.
///
/// The output declares `enum EmbeddedResources` with one dictionary a folder, file name to text.
@main
struct EmbedResources {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let output = arguments.first else {
            FileHandle.standardError.write(Data("usage: EmbedResources OUTPUT.swift INPUT…\n".utf8))
            exit(64)
        }
        let inputs = arguments.dropFirst().map { URL(filePath: $0) }
        let folders = Dictionary(grouping: inputs) { $0.deletingLastPathComponent().lastPathComponent }
        var source = "enum EmbeddedResources {\n"
        for folder in ["migrations", "models"] {
            source += "    static let \(folder): [String: String] = [\n"
            for file in folders[folder, default: []].sorted(by: { $0.lastPathComponent < $1.lastPathComponent }) {
                let text = try String(contentsOf: file, encoding: .utf8)
                precondition(!text.contains("\"\"\"####"), "\(file.path()) holds the delimiter of a raw Swift string")
                source += "        \"\(file.lastPathComponent)\": ####\"\"\"\n\(text)\n\"\"\"####,\n"
            }
            source += folders[folder] == nil ? "        :\n    ]\n" : "    ]\n"
        }
        source += "}\n"
        try source.write(to: URL(filePath: output), atomically: true, encoding: .utf8)
    }
}
