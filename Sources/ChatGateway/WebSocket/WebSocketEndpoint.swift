package import NIOCore

/// Our end of a WebSocket connection: what it is used for, apart from the protocol. Everything is called on the
/// channel's event loop, in the order it happens.
package protocol WebSocketEndpoint: AnyObject, Sendable {
    /// Where everything that is sent goes, answers to pings too.
    var outbound: OutboundQueue { get }

    /// The handshake is done.
    func opened()

    /// Frames came, of whatever kind.
    func heardOf()

    func received(_ message: ByteBuffer, isBinary: Bool)

    /// The peer has begun to close; to be answered, unless a close frame is on its way.
    func peerCloses(_ code: UInt16?)

    /// The peer has broken the protocol; to be closed with the code.
    func close(_ code: CloseCode, reason: String)

    /// The channel is gone.
    func channelClosed()
}
