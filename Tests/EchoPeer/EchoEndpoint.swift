import ChatGateway
import NIOCore
import NIOWebSocket

final class EchoEndpoint: WebSocketEndpoint {
    let outbound: OutboundQueue

    init(channel: any Channel) {
        outbound = OutboundQueue(channel: channel)
    }

    func opened() {}

    func heardOf() {}

    func received(_ message: ByteBuffer, isBinary: Bool) {
        outbound.send(isBinary ? .binary : .text, Array(message.readableBytesView))
    }

    func peerCloses(_ code: UInt16?) {
        outbound.finish(closePayload: ServerFrame.closePayload(answering: code))
    }

    func close(_ code: CloseCode, reason: String) {
        outbound.finish(closePayload: ServerFrame.closePayload(code, reason: reason))
    }

    func channelClosed() {
        outbound.close()
    }
}
