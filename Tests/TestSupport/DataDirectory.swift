public import Foundation

/// There is no real data to test with.
public struct NoDataDirectory: Error, CustomStringConvertible {
    /// What to do about it.
    public var description: String { "HAZECAST_DATA_DIR names no directory; `make data` fetches the data" }
}

/// The directory of the real air-quality data, from `HAZECAST_DATA_DIR`.
///
/// - Throws: `NoDataDirectory` where the variable is missing or names no directory.
public func requireDataDirectory() throws -> URL {
    guard let directory = dataDirectory else { throw NoDataDirectory() }
    return directory
}

/// The directory of the real air-quality data, for `.enabled(if:)`; nil where there is none.
public var dataDirectory: URL? {
    guard let path = ProcessInfo.processInfo.environment["HAZECAST_DATA_DIR"], !path.isEmpty else { return nil }
    let url = URL(filePath: path, directoryHint: .isDirectory)
    return (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true ? url : nil
}
