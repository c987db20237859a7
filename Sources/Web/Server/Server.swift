import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Where the server listens.
enum ListenAddress: Sendable, CustomStringConvertible {
    case socket(path: String)
    case tcp(host: String, port: Int)

    /// `unix:PATH`, or `HOST:PORT` with IPv6 addresses in brackets; nil for anything else.
    init?(_ text: String) {
        if text.hasPrefix("unix:/") {
            self = .socket(path: String(text.dropFirst(5)))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[colon...].dropFirst()), 0...65_535 ~= port
        else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard !host.isEmpty, isBracketed || !host.contains(":") else { return nil }
        self = .tcp(host: isBracketed ? String(host.dropFirst().dropLast()) : String(host), port: port)
    }

    /// Whether only this machine reaches it.
    var isLocal: Bool {
        switch self {
        case .socket: true
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        }
    }

    var description: String {
        switch self {
        case .socket(let path): "unix:\(path)"
        case .tcp(let host, let port): "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }
}

/// The HTTP server.
struct Server {
    /// Connections at a time; one more is closed at once.
    static let maximumConnections = 1024

    private let channel: any Channel
    let address: ListenAddress

    /// Begins to listen.
    ///
    /// - Throws: `WebError` where the address cannot be had.
    static func start(_ address: ListenAddress, site: Site, policy: ServerPolicy) async throws -> Server {
        let open = OpenConnections()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                guard open.add() else { return channel.close() }
                channel.closeFuture.whenComplete { _ in open.remove() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ConnectionGuard())
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
                    try pipeline.addHandler(HTTPHandler(site: site, policy: policy))
                }
            }
        do {
            switch address {
            case .socket(let path):
                let channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
                    .get()
                // The proxy is another user; what may reach the socket, the directory decides.
                chmod(path, 0o666)
                return Server(channel: channel, address: address)
            case .tcp(let host, let port):
                let channel = try await bootstrap.bind(host: host, port: port).get()
                return Server(
                    channel: channel, address: .tcp(host: host, port: channel.localAddress?.port ?? port))
            }
        } catch {
            throw WebError("cannot listen on \(address): \(error)")
        }
    }

    /// Accepts no more connections.
    func stop() async {
        try? await channel.close().get()
        if case .socket(let path) = address { unlink(path) }
    }
}

/// How many connections are open.
private final class OpenConnections: Sendable {
    private let count = Mutex(0)

    /// False where there are as many as there may be.
    func add() -> Bool {
        count.withLock { count in
            guard count < Server.maximumConnections else { return false }
            count += 1
            return true
        }
    }

    func remove() { count.withLock { $0 -= 1 } }
}
