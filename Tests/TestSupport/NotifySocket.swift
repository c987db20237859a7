import Foundation
import Glibc
import Synchronization

/// The service manager's end of sd_notify: a socket that keeps every datagram.
public final class NotifySocket: Sendable {
    /// The socket's place, for `NOTIFY_SOCKET`.
    public let path: String
    private let descriptor: Int32
    private let received = Mutex<[String]>([])

    /// Binds a socket in `/tmp`.
    public init() throws {
        path = "/tmp/hazecast-notify-\(UUID().uuidString.prefix(8))"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
                let text = String(decoding: buffer.prefix(count), as: UTF8.self)
                received.withLock { $0.append(text) }
            }
        }
    }

    /// What has come so far, in its order, a datagram each.
    ///
    /// A true copy: ThreadSanitizer does not see the reference counts by which threads share an array.
    public var datagrams: [String] { received.withLock { $0.map { $0 } } }

    /// The last `STATUS=` that has come; empty before.
    public var status: String {
        let lines = datagrams.flatMap { $0.split(separator: "\n") }
        return String(lines.last { $0.hasPrefix("STATUS=") }?.dropFirst(7) ?? "")
    }

    /// Ends the reading and takes the socket away.
    public func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        Glibc.close(descriptor)
        unlink(path)
    }
}
