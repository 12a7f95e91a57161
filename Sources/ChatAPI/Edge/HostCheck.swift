internal import NIOCore
internal import NIOHTTP1

/// Refuses requests of HTTP/1.1 that do not name one host, as RFC 9112, section 3.2, has it: like one that is no HTTP.
///
/// It stands next to the decoder, as the version of a request is known to nobody behind it.
final class HostCheck: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    private var hasRefused = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasRefused else { return }
        if case .head(let head) = unwrapInboundIn(data), head.version != .http1_0, head.headers["host"].count != 1 {
            // Nothing behind it is read: the connection is closed with the answer.
            hasRefused = true
            return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
        }
        context.fireChannelRead(data)
    }

    /// Puts one in front of whatever gets what the decoder of this pipeline makes.
    static func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(HostCheck(), position: .after(decoder))
    }
}
