import Foundation
import PackagePlugin

/// Runs `EmbedResources` over `schema/` and `models/` before the daemon is compiled.
@main
struct EmbedResourcesPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedResources.swift")
        let folders = [
            "schema/tables": "sql", "schema/migrations": "sql", "schema/repeatable": "sql", "models": "json",
        ]
        let inputs = try folders.sorted(by: <).flatMap { folder, fileExtension in
            try FileManager.default
                .contentsOfDirectory(at: root.appending(path: folder), includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == fileExtension }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        }
        return [
            .buildCommand(
                displayName: "Embedding the schema and models",
                executable: try context.tool(named: "EmbedResources").url,
                arguments: [output.path()] + inputs.map { $0.path() },
                inputFiles: inputs,
                outputFiles: [output]
            )
        ]
    }
}
