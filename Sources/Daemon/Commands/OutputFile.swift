import Foundation

/// A file that a command will write when its long work is done.
struct OutputFile {
    let path: String

    /// - Throws: `DaemonError` with one line where nothing can be written there: better now than after the work.
    init(_ path: String) throws {
        self.path = path
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        var status = stat()
        // Writing replaces what is there, which must not happen to a device or a folder.
        guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            throw DaemonError(.file, "\(path): cannot be written; it is no regular file")
        }
        guard !path.isEmpty, access(folder, W_OK | X_OK) == 0 else { throw unwritable }
    }

    /// Writes the whole file or nothing: it appears under its name only when it is complete.
    func write(_ content: Data) throws {
        do {
            try content.write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw unwritable
        }
    }

    private var unwritable: DaemonError {
        DaemonError(.file, "\(path): cannot be written; is its folder there, and may you write in it?")
    }
}
