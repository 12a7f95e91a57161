import NIOCore
import NIOWebSocket

/// Puts the frames of one test connection into its inbox, and answers pings and close frames.
final class WebSocketFrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let inbox: Watched<WebSocketInbox>

    init(inbox: Watched<WebSocketInbox>) {
        self.inbox = inbox
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        let bytes = frame.unmaskedData
        switch frame.opcode {
        case .text where frame.fin: received(Array(bytes.readableBytesView))
        case .ping:
            inbox.update { $0.pings += 1 }
            send(.pong, bytes, context: context)
        case .pong: inbox.update { $0.pongs.append(Array(bytes.readableBytesView)) }
        case .connectionClose: closed(bytes, context: context)
        default: inbox.update { $0.history.append("an unexpected frame: \(frame)") }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        inbox.update { inbox in
            if inbox.end == .open { inbox.end = .dropped }
            inbox.isGone = true
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.update { $0.history.append("an error: \(error)") }
        context.close(promise: nil)
    }

    private func received(_ text: [UInt8]) {
        let arrival = WebSocketInbox.Arrival(text, requests: inbox.current.requests)
        inbox.update { $0.arrived(arrival) }
    }

    private func closed(_ bytes: ByteBuffer, context: ChannelHandlerContext) {
        var rest = bytes
        let code = rest.readInteger(as: UInt16.self)
        let reason = String(buffer: rest)
        let isFirst = inbox.current.end == .open
        inbox.update { inbox in
            if inbox.end == .open { inbox.end = .closed(code: code, reason: reason) }
        }
        if isFirst { send(.connectionClose, bytes, context: context) }
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
