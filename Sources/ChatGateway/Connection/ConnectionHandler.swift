import NIOCore
import NIOWebSocket

/// Stands at the end of the channel's pipeline and turns frames into calls of the ``Connection``.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let connection: Connection
    private let accepted: ConnectionUpgrader.Accepted
    private var assembler: MessageAssembler
    private var hasFailed = false

    init(connection: Connection, accepted: ConnectionUpgrader.Accepted) {
        self.connection = connection
        self.accepted = accepted
        self.assembler = MessageAssembler(maximumBytes: connection.maximumPayloadBytes)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { connection.opened(accepted) }
    }

    func channelActive(context: ChannelHandlerContext) {
        connection.opened(accepted)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.channelClosed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasFailed else { return }
        connection.heardOf()
        switch assembler.frameArrived(unwrapInboundIn(data)) {
        case .none, .pong: break
        case .text(let message): connection.received(message)
        case .ping(let data): connection.outbound.send(.pong, Array(data.readableBytesView))
        case .close(let code):
            hasFailed = true
            connection.peerCloses(code)
        case .fail(let code, let reason):
            hasFailed = true
            connection.close(code, reason: reason)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The peer has sent all it will ever send: a WebSocket connection that cannot be closed properly any more.
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !hasFailed else { return }
        hasFailed = true
        switch error as? NIOWebSocketError {
        case .invalidFrameLength: connection.close(.messageTooBig, reason: "the frame is too big")
        case .fragmentedControlFrame, .multiByteControlFrameLength:
            connection.close(.protocolError, reason: "the control frame is not valid")
        case nil: context.close(promise: nil)
        }
    }
}
