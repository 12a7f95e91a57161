internal import NIOCore
internal import NIOEmbedded
internal import NIOHTTP1
internal import NIOHTTPCompression

/// gzip (RFC 1952) by the compressor of swift-nio-extras.
///
/// That is a handler for a connection's own pipeline. There it would encode the bodies that answers to `HEAD` do not have,
/// prefer deflate over gzip, and trap on the answer to what is no HTTP, which no request has led to; and it would work on
/// the event loop. So it is driven by itself, with one exchange that has none of that.
enum Gzip {
    static func compress(_ bytes: ByteBuffer) throws -> ByteBuffer {
        let channel = EmbeddedChannel(handler: HTTPResponseCompressor(initialByteBufferCapacity: bytes.readableBytes))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["accept-encoding": "gzip"])
        try channel.writeInbound(HTTPServerRequestPart.head(request))
        let response = HTTPResponseHead(version: .http1_1, status: .ok)
        channel.write(HTTPServerResponsePart.head(response), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(bytes)), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        try channel.throwIfErrorCaught()
        var compressed = ByteBuffer()
        while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
            if case .body(.byteBuffer(let piece)) = part { compressed.writeImmutableBuffer(piece) }
        }
        return compressed
    }
}
