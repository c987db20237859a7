import CSystemd
import Foundation

/// systemd's journal, by its native protocol.
enum Journal {
    /// Whether standard error goes into it: systemd names the stream's device and inode in `JOURNAL_STREAM`.
    static let isStandardError: Bool = {
        var file = stat()
        guard let stream = ProcessInfo.processInfo.environment["JOURNAL_STREAM"], fstat(2, &file) == 0 else {
            return false
        }
        return stream == "\(file.st_dev):\(file.st_ino)"
    }()

    /// Writes an entry.
    ///
    /// - Parameters:
    ///   - priority: 0 (emergency) to 7 (debug).
    ///   - fields: names in capitals, digits and underscores.
    /// - Returns: false when the journal did not take it.
    static func send(_ message: String, priority: Int, fields: [(name: String, value: String)]) -> Bool {
        let all = [("MESSAGE", message), ("PRIORITY", "\(priority)"), ("SYSLOG_IDENTIFIER", "hazecast")] + fields
        var bytes: [UInt8] = []
        var lengths: [Int] = []
        for (name, value) in all {
            let begin = bytes.count
            bytes.append(contentsOf: "\(name)=\(value)".utf8)
            lengths.append(bytes.count - begin)
        }
        return bytes.withUnsafeMutableBytes { buffer in
            var offset = 0
            let parts = lengths.map { length in
                defer { offset += length }
                return iovec(iov_base: buffer.baseAddress.map { $0 + offset }, iov_len: length)
            }
            return sd_journal_sendv(parts, Int32(parts.count)) == 0
        }
    }
}
