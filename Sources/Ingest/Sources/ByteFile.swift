import Glibc

/// A file that is read once from the beginning, in chunks of at most 256 KiB; gzip files are decompressed.
///
/// The first two bytes decide whether a file is gzip, not its name, so a pipe may be compressed too.
final class ByteFile {
    private static let chunk = 1 << 18

    private let descriptor: Int32
    private let name: String
    /// Size on disk in bytes; nil for a pipe or a device.
    let size: Int?
    /// Bytes read so far, of the same kind as `size`: compressed ones of a gzip file.
    private(set) var bytesRead = 0
    private var gzip: GzipStream?
    private var hasBegun = false

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
        if let gzip { return try gzip.next() }
        if hasBegun { return try stored() }
        hasBegun = true
        var bytes = try stored()
        // A pipe may return a single byte.
        while bytes.count == 1 {
            let more = try stored()
            if more.isEmpty { break }
            bytes += more
        }
        guard GzipStream.begins(bytes) else { return bytes }
        let gzip = GzipStream(
            bytes, read: { [unowned self] () throws(SourceError) in try stored() },
            fail: { [name] in Self.faulty(name, $0) })
        self.gzip = gzip
        return try gzip.next()
    }

    /// The next bytes as they are stored; none at the end.
    private func stored() throws(SourceError) -> [UInt8] {
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

    private static func faulty(_ name: String, _ fault: GzipStream.Fault) -> SourceError {
        switch fault {
        case .truncated: SourceError(.unreadable, file: name, "the gzip file is cut off; copy or download it again")
        case .damaged: SourceError(.unreadable, file: name, "the gzip file is damaged; copy or download it again")
        }
    }
}
