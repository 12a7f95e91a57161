import ChatCore
import NIOCore
import NIOHTTP1

/// Sends the opening handshake and tells how it went: the head of a 101, or ``WebSocketRefusal``.
final class WebSocketHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let outcome: EventLoopPromise<HTTPHeaders>
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(request: HTTPRequestHead, outcome: EventLoopPromise<HTTPHeaders>) {
        self.request = request
        self.outcome = outcome
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end:
            refused()
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        outcome.fail(TestSupportError("the connection ended during the handshake"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        outcome.fail(error)
        context.close(promise: nil)
    }

    private func refused() {
        guard let head else { return }
        outcome.fail(
            WebSocketRefusal(
                status: Int(head.status.code),
                headers: head.headers.reduce(into: [:]) { $0[$1.name.lowercased()] = $1.value },
                body: (try? JSONParser.parse(body.readableBytesView)) ?? .null
            )
        )
    }
}
