package import NIOCore
import NIOWebSocket

/// What stands between the socket and a connection once it is upgraded.
package enum WebSocketPipeline {
    /// Adds the frame decoder and the handler that `makeHandler` makes. On the channel's event loop.
    package static func configure(
        _ channel: any Channel,
        maximumPayloadBytes: Int,
        makeHandler: () -> some ChannelHandler
    ) throws {
        let decoder = WebSocketFrameDecoder(maxFrameSize: maximumPayloadBytes)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(makeHandler())
    }
}
