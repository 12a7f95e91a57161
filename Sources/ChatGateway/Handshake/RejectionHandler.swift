import ChatCore
import ChatRuntime
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Answers requests that do not become WebSocket connections, with the contract's error, and hangs up.
final class RejectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let upgrader: ConnectionUpgrader
    private var head: HTTPRequestHead?

    init(upgrader: ConnectionUpgrader) {
        self.upgrader = upgrader
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), self.head == nil else { return }
        self.head = head
        answer(upgrader.rejection(of: head), to: head, context: context)
    }

    private func answer(_ rejection: Handshake.Rejection, to head: HTTPRequestHead, context: ChannelHandlerContext) {
        let trace = TraceContext.continuing(traceparent: head.headers.first(name: "traceparent"))
        var body = ByteBuffer(bytes: rejection.error.json(traceID: trace.traceID).bytes)
        var headers = rejection.headers
        headers.add(name: "content-type", value: "application/json; charset=utf-8")
        headers.add(name: "content-length", value: String(body.readableBytes))
        headers.add(name: "connection", value: "close")
        headers.add(name: "x-request-id", value: trace.traceID)
        if head.method == .HEAD { body.clear() }
        let answer = HTTPResponseHead(version: .http1_1, status: rejection.status, headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        if body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // SwiftNIO tells of a refused upgrade as an error first; the request follows, and is answered above.
        guard !(error is Handshake.Rejection), !(error is NIOWebSocketUpgradeError) else { return }
        context.close(promise: nil)
    }
}
