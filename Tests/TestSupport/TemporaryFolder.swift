public import Foundation

/// A folder that exists as long as the value does.
public final class TemporaryFolder: Sendable {
    /// Its path, without a slash at the end.
    public let path: String

    /// A new folder with files.
    ///
    /// - Parameter files: contents by name.
    public init(_ files: [String: Data] = [:]) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, contents) in files { try contents.write(to: URL(filePath: "\(path)/\(name)")) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
