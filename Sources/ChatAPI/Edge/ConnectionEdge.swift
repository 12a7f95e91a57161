internal import ChatCore
internal import ChatRuntime
internal import Hummingbird
internal import NIOCore
internal import NIOHTTPTypes

/// Stands between the API and the connection: gives answers that Hummingbird makes by itself (to what is no HTTP) the
/// contract's Error shape, closes the connection after an answer that says so, and notices when the client has gone.
final class ConnectionEdge: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// For how long a client may go on sending after the last answer; closing at once could make it lose the answer,
    /// as unread bytes turn the close into a reset (RFC 9112, section 9.6).
    private static let lingering: TimeAmount = .seconds(5)

    let presence = ClientPresence()
    private var closesAfterAnswer = false

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            try HostCheck.add(to: context.pipeline.syncOperations)
        } catch {
            context.fireErrorCaught(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        presence.gone()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { presence.gone() }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            closesAfterAnswer = head.headerFields[.connection] == "close"
            guard !head.headerFields.contains(.requestID) else { return context.write(data, promise: promise) }
            writeError(for: head, context: context, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            guard closesAfterAnswer else { return context.write(data, promise: promise) }
            context.writeAndFlush(data, promise: promise)
            closeSoon(context.channel)
        }
    }

    private func writeError(for head: HTTPResponse, context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let error = ChatError(atEdge: head.status)
        let trace = TraceContext.make()
        let bytes = error.json(traceID: trace.traceID).bytes
        var head = HTTPResponse(status: error.code.status, headerFields: head.headerFields)
        head.headerFields[.contentType] = "application/json; charset=utf-8"
        head.headerFields[.contentLength] = "\(bytes.count)"
        head.headerFields[.requestID] = trace.traceID
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: bytes))), promise: promise)
    }

    private func closeSoon(_ channel: any Channel) {
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) }
    }
}
