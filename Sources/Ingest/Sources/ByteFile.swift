import Glibc

/// A file that is read once from the beginning, in chunks of 256 KiB.
final class ByteFile {
    private static let chunk = 1 << 18

    private let descriptor: Int32
    private let name: String
    /// Size in bytes; nil for a pipe or a device.
    let size: Int?
    private(set) var bytesRead = 0

    /// - Parameter name: the path; `-` is the standard input.
    init(_ name: String) throws(SourceError) {
        self.name = name
        descriptor = name == "-" ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(name) }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int(status.st_size) : nil
    }

    deinit { close(descriptor) }

    /// The next bytes; none at the end.
    func next() throws(SourceError) -> [UInt8] {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, initialised in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            initialised = max(0, count)
        }
        guard count >= 0 else { throw Self.unreadable(name) }
        bytesRead += count
        return bytes
    }

    private static func unreadable(_ name: String) -> SourceError {
        SourceError(.unreadable, file: name, "cannot be read: \(String(cString: strerror(errno)))")
    }
}
