import Foundation
public import Postgres
import Synchronization

/// A TCP proxy on 127.0.0.1 before a server's Unix socket, with which a test breaks the network.
public final class Proxy: Sendable {
    /// The port to connect to.
    public let port: Int
    private let listener: Int32
    private let state: Mutex<State>

    private struct State {
        /// The server's socket.
        var target: String
        var pairs: [Pair] = []
        var isBlackHole = false
        /// Clients of which nothing is let through any more.
        var swallowed: Set<Int32> = []
        /// Chunks that were held back or taken apart.
        var disturbed = 0
        var delay: Duration = .zero
        var cutAfter: [UInt8]?
        var isBytewise = false
        var isRefusing = false
        var trap: Trap?
        var isClosed = false
    }

    /// Something that happens at a step of a conversation.
    private struct Trap {
        let text: [UInt8]
        var chunks: Int
        /// The connection that has sent the text.
        var client: Int32?
        let spring: @Sendable ([UInt8]) -> Void

        /// Whether this chunk, which a client is about to send, is the one.
        mutating func springs(at bytes: [UInt8], from client: Int32) -> Bool {
            if self.client == client {
                chunks -= 1
            } else if self.client == nil, !bytes[...].ranges(of: text).isEmpty {
                self.client = client
            } else {
                return false
            }
            return chunks <= 0
        }
    }

    private struct Pair {
        let client: Int32
        let server: Int32
        let delay: Duration
        /// How the client's side of the conversation began, up to a kilobyte.
        var beginning: [UInt8] = []
    }

    /// A proxy before a private server.
    public init(to cluster: PrivateCluster) throws {
        state = Mutex(State(target: Self.socket(of: cluster)))
        let socket = try LoopbackSocket.listening()
        listener = socket.descriptor
        port = socket.port
        let descriptor = listener
        Thread.detachNewThread { [weak self] in
            while case let client = accept(descriptor, nil, nil), client >= 0 {
                if self?.forward(client) != true { Glibc.close(client) }
            }
            Glibc.close(descriptor)
        }
    }

    deinit { close() }

    /// Cuts all connections and accepts no more.
    public func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    /// The connection string of a database on the proxied server, by way of the proxy.
    public func conninfo(database: String, user: String = "postgres") -> String {
        "host=127.0.0.1 port=\(port) user=\(user) dbname=\(database) sslmode=disable gssencmode=disable"
    }

    /// Cuts all connections that there are.
    public func cut() {
        state.withLock { state in
            for pair in state.pairs { Self.shutDown(pair) }
        }
    }

    /// Hands connections that are made from now on to another server, and cuts those that there are.
    public func turn(to cluster: PrivateCluster) {
        state.withLock { $0.target = Self.socket(of: cluster) }
        cut()
    }

    /// How many chunks of bytes were held back or taken apart so far.
    public var disturbed: Int { state.withLock { $0.disturbed } }

    /// As a black hole, but only for the clients that began by sending `text`.
    public func swallow(clientsThatSent text: String) {
        let bytes = Array(text.utf8)
        state.withLock { state in
            for pair in state.pairs where !pair.beginning[...].ranges(of: bytes).isEmpty {
                state.swallowed.insert(pair.client)
            }
        }
    }

    /// Lets not one byte through any more, in either direction, while the connections stay open.
    public func blackHole() { state.withLock { $0.isBlackHole = true } }

    /// Holds back every chunk of bytes on connections that are made from now on.
    public func delay(_ duration: Duration) { state.withLock { $0.delay = duration } }

    /// Cuts a connection once a client has sent this text: the server still gets it, the client never hears of it.
    public func cut(afterClientSends text: String) { state.withLock { $0.cutAfter = Array(text.utf8) } }

    /// Hands on every byte by itself.
    public func handOnBytewise() { state.withLock { $0.isBytewise = true } }

    /// Accepts connections and closes them at once.
    public func refuse() { state.withLock { $0.isRefusing = true } }

    /// Does something once, when a client that has sent `text` is about to send its `chunks`-th piece after that, before the
    /// server gets it. libpq sends a piece a statement.
    ///
    /// - Parameter spring: gets that piece.
    public func when(clientHasSent text: String, chunks: Int, _ spring: @escaping @Sendable ([UInt8]) -> Void) {
        state.withLock { $0.trap = Trap(text: Array(text.utf8), chunks: chunks, spring: spring) }
    }

    /// Makes the network whole again; connections that have lost bytes are cut.
    public func heal() {
        let hasLost = state.withLock { state in
            defer {
                (state.isBlackHole, state.isBytewise, state.isRefusing) = (false, false, false)
                (state.delay, state.cutAfter, state.trap) = (.zero, nil, nil)
            }
            return state.isBlackHole || !state.swallowed.isEmpty || state.delay > .zero
        }
        if hasLost { cut() }
    }

    // MARK: Private

    private static func socket(of cluster: PrivateCluster) -> String {
        "\(cluster.directory)/.s.PGSQL.\(cluster.port ?? 5432)"
    }

    /// Takes over a new connection; false when the server cannot be reached.
    private func forward(_ client: Int32) -> Bool {
        if state.withLock({ $0.isRefusing }) { return false }
        let (target, delay) = state.withLock { ($0.target, $0.delay) }
        guard let server = LoopbackSocket.connected(toPath: target) else { return false }
        let pair = Pair(client: client, server: server, delay: delay)
        let ends = Ends(pair.client, pair.server)
        state.withLock { $0.pairs.append(pair) }
        Thread.detachNewThread { [weak self] in
            while let bytes = Self.read(from: client), self?.pass(bytes, of: pair, toServer: true) == true {}
            self?.finish(pair)
            ends.leave()
        }
        Thread.detachNewThread { [weak self] in
            while let bytes = Self.read(from: server), self?.pass(bytes, of: pair, toServer: false) == true {}
            self?.finish(pair)
            ends.leave()
        }
        return true
    }

    /// Forwards bytes, or does what the test asked for instead; false when the connection is over.
    private func pass(_ bytes: [UInt8], of pair: Pair, toServer: Bool) -> Bool {
        let spring = state.withLock { state in
            guard toServer, state.trap?.springs(at: bytes, from: pair.client) == true else {
                return nil as (@Sendable ([UInt8]) -> Void)?
            }
            return state.trap.take()?.spring
        }
        spring?(bytes)
        let (isBlackHole, isBytewise, cutAfter) = state.withLock { state in
            if toServer, let index = state.pairs.firstIndex(where: { $0.client == pair.client }) {
                state.pairs[index].beginning += bytes.prefix(1024 - state.pairs[index].beginning.count)
            }
            if state.isBytewise || pair.delay > .zero { state.disturbed += 1 }
            let isLost = state.isBlackHole || state.swallowed.contains(pair.client)
            return (isLost, state.isBytewise, state.cutAfter)
        }
        if isBlackHole { return true }
        if pair.delay > .zero { Thread.sleep(forTimeInterval: pair.delay / .seconds(1)) }
        let isEnd = toServer && cutAfter.map { !bytes[...].ranges(of: $0).isEmpty } == true
        if isEnd { shutdown(pair.client, Int32(SHUT_RDWR)) }
        let destination = toServer ? pair.server : pair.client
        let isWritten =
            isBytewise
            ? bytes.allSatisfy { Self.write([$0], to: destination) } : Self.write(bytes, to: destination)
        return isWritten && !isEnd
    }

    private func finish(_ pair: Pair) {
        state.withLock { state in
            state.pairs.removeAll { $0.client == pair.client }
            state.swallowed.remove(pair.client)
            Self.shutDown(pair)
        }
    }

    private static func shutDown(_ pair: Pair) {
        shutdown(pair.client, Int32(SHUT_RDWR))
        shutdown(pair.server, Int32(SHUT_RDWR))
    }

    private static func read(from descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest.removeFirst(count)
        }
        return true
    }
}

/// The two sockets of a proxied connection, closed when both directions are done with them.
private final class Ends: Sendable {
    private let descriptors: (Int32, Int32)
    private let users = Atomic(2)

    init(_ first: Int32, _ second: Int32) { descriptors = (first, second) }

    func leave() {
        guard users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        close(descriptors.0)
        close(descriptors.1)
    }
}
