import NIOCore
import NIOHTTP1

/// One connection's requests and answers.
final class HTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let site: Site
    private let policy: ServerPolicy
    private var head: HTTPRequestHead?

    init(site: Site, policy: ServerPolicy) {
        self.site = site
        self.policy = policy
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            context.triggerUserOutboundEvent(ConnectionGuard.Progress.headReceived, promise: nil)
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if let refusal = policy.refusal(of: head) {
            send(refusal.response, to: head, more: refusal.headers, context)
            return
        }
        guard let request = Request(target: head.uri, prefix: policy.prefix) else {
            send(Response(status: 400, .text, "The address is not well-formed.\n"), to: head, context)
            return
        }
        let wantsOpenMetrics = head.headers["accept"].contains { $0.contains("application/openmetrics-text") }
        let (site, bound, loop) = (site, NIOLoopBound((self, context), eventLoop: context.eventLoop), context.eventLoop)
        Task {
            let response = await site.respond(to: request, wantsOpenMetrics: wantsOpenMetrics)
            loop.execute { bound.value.0.send(response, to: head, bound.value.1) }
        }
    }

    private func send(
        _ response: Response, to head: HTTPRequestHead, more: [(String, String)] = [], _ context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else { return }
        let isUnchanged =
            response.status == 200 && head.headers["if-none-match"].contains { policy.matches($0, response.tag) }
        var headers = HTTPHeaders(policy.headers(for: response) + more)
        var body: [UInt8] = []
        if !isUnchanged {
            let compressed = policy.acceptsGzip(head.headers["accept-encoding"]) ? response.gzipped : nil
            body = compressed ?? response.body
            if compressed != nil { headers.add(name: "Content-Encoding", value: "gzip") }
            headers.add(name: "Content-Type", value: response.kind.rawValue)
            headers.add(name: "Content-Length", value: String(body.count))
        }
        let isKept = head.isKeepAlive
        if !isKept { headers.add(name: "Connection", value: "close") }
        let status = isUnchanged ? HTTPResponseStatus.notModified : HTTPResponseStatus(statusCode: response.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD, !body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if isKept {
                bound.value.triggerUserOutboundEvent(ConnectionGuard.Progress.answered, promise: nil)
            } else {
                bound.value.close(promise: nil)
            }
        }
    }
}
