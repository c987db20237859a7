import NIOCore

/// Bounds what a client may send before its request is answered, and how long it may take.
///
/// It stands before the HTTP parser: what exceeds a limit is never parsed.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes of request line, headers and body together.
    static let maximumBytes = 16 * 1024
    /// From the first byte of a request, or the beginning of the connection, to the end of its head.
    static let headTime = TimeAmount.seconds(5)
    /// Between two requests of a connection.
    static let idleTime = TimeAmount.seconds(30)
    /// For an answer to be made and taken away by the client.
    static let answerTime = TimeAmount.seconds(30)

    private var received = 0
    private var deadline: Scheduled<Void>?

    func channelActive(context: ChannelHandlerContext) {
        limit(Self.headTime, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if received == 0 { limit(Self.headTime, context) }
        received += unwrapInboundIn(data).readableBytes
        guard received <= Self.maximumBytes else {
            let text = "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            deadline?.cancel()
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).whenComplete { _ in
                bound.value.close(promise: nil)
            }
            return
        }
        context.fireChannelRead(data)
    }

    /// The HTTP handler tells how far a request is.
    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event as? Progress {
        case .headReceived?: limit(Self.answerTime, context)
        case .answered?:
            received = 0
            limit(Self.idleTime, context)
        case nil:
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        promise?.succeed(())
    }

    enum Progress: Sendable { case headReceived, answered }

    /// Closes the connection after a time, unless it is called again before.
    private func limit(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }
}
