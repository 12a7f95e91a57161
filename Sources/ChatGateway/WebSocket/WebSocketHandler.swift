import NIOCore
import NIOWebSocket

/// Stands at the end of the channel's pipeline: reads the peer's frames for a ``WebSocketEndpoint``, and does by itself
/// what the protocol wants done.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let endpoint: any WebSocketEndpoint
    private var decoder: MessageDecoder
    /// The peer has closed, or is not listened to any more.
    private var isPeerDone = false
    private var isCloseFrameSent = false

    init(endpoint: any WebSocketEndpoint, limits: MessageDecoder.Limits) {
        self.endpoint = endpoint
        self.decoder = MessageDecoder(limits: limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { endpoint.opened() }
    }

    func channelActive(context: ChannelHandlerContext) {
        endpoint.opened()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endpoint.channelClosed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        var isHeardOf = false
        while let event = decoder.next(&bytes) {
            if !isHeardOf { endpoint.heardOf() }
            isHeardOf = true
            switch event {
            case .fragment, .pong: break
            case .text(let message): endpoint.received(message, isBinary: false)
            case .binary(let message): endpoint.received(message, isBinary: true)
            case .ping(let data): endpoint.outbound.send(.pong, Array(data.readableBytesView))
            case .close(let code):
                endpoint.peerCloses(code)
                isPeerDone = true
                hangUp(context)
            case .fail(let code, let reason):
                endpoint.close(code, reason: reason)
                isPeerDone = true
                hangUp(context)
            }
        }
    }

    /// Once both sides have said that they close, the server goes first (RFC 6455, section 7.1.1). Not before: a client
    /// may take the end of the connection for its loss when it has not read yet why.
    private func hangUp(_ context: ChannelHandlerContext) {
        if isCloseFrameSent, isPeerDone { context.close(mode: .output, promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The peer has sent all it will ever send: a WebSocket connection that cannot be closed properly any more.
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
        if event is CloseFrameSent {
            isCloseFrameSent = true
            hangUp(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
