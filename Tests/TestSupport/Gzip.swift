public import Foundation

/// Bytes as one gzip member, made by gzip itself.
public func gzipped(_ bytes: some Sequence<UInt8>) throws -> Data {
    let file = FileManager.default.temporaryDirectory.appending(path: "hazecast-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-c", file.path()]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let member = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return member
}
