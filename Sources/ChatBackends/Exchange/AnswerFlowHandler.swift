internal import NIOCore
internal import NIOHTTP1

/// Stands before the HTTP client on a connection (HTTP/1.1) or on a stream of one (HTTP/2), so that nothing of an
/// answer is lost when the connection breaks: the client drops what it has not handed on by then.
///
/// - The bytes of one read go on in one piece, which the client hands on at once.
/// - What came before a failure goes on before the failure.
/// - A consumer that is busy holds back the connection's reads by a ``ReadGate``, not what was read already.
final class AnswerFlowHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart

    private var context: ChannelHandlerContext?
    /// The bytes of the read under way.
    private var bytes: ByteBuffer?
    /// Counts the answers that came over this connection; a gate is one answer's.
    private var answer: UInt64 = 0
    private var isShut = false
    private var readIsHeldBack = false

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            handOn(context) { context.fireChannelRead(data) }
        case .body(var more):
            if bytes == nil { bytes = more } else { bytes?.writeBuffer(&more) }
        case .end:
            handOnBytes(context)
            handOn(context) { context.fireChannelRead(data) }
            answer += 1
            open(context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        handOnBytes(context)
        handOn(context) { context.fireChannelReadComplete() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        handOnRest(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        handOnRest(context)
        context.fireChannelInactive()
    }

    private func handOnRest(_ context: ChannelHandlerContext) {
        if bytes != nil { channelReadComplete(context: context) }
    }

    private func handOnBytes(_ context: ChannelHandlerContext) {
        guard let bytes = bytes.take() else { return }
        handOn(context) { context.fireChannelRead(wrapInboundOut(.body(bytes))) }
    }

    /// The client passes parts to the exchange within the call, as both are on this event loop.
    private func handOn(_ context: ChannelHandlerContext, _ fire: () -> Void) {
        let gate = ReadGate(NIOLoopBound(self, eventLoop: context.eventLoop), answer: answer)
        ReadGate.$current.withValue(gate, operation: fire)
    }

    // MARK: Holding back

    func read(context: ChannelHandlerContext) {
        if isShut { readIsHeldBack = true } else { context.read() }
    }

    fileprivate func shut(answer: UInt64) {
        if answer == self.answer { isShut = true }
    }

    fileprivate func open(answer: UInt64) {
        if answer == self.answer, let context { open(context) }
    }

    private func open(_ context: ChannelHandlerContext) {
        isShut = false
        guard readIsHeldBack else { return }
        readIsHeldBack = false
        context.read()
    }
}

/// Keeps a connection from reading more of one answer while it is shut; without effect once the answer has ended.
struct ReadGate: Sendable {
    /// The gate of the connection whose parts are being handed on, for whoever takes them.
    @TaskLocal static var current: ReadGate?

    private let handler: NIOLoopBound<AnswerFlowHandler>
    private let eventLoop: any EventLoop
    private let answer: UInt64

    fileprivate init(_ handler: NIOLoopBound<AnswerFlowHandler>, answer: UInt64) {
        self.handler = handler
        eventLoop = handler.eventLoop
        self.answer = answer
    }

    /// To be called where ``current`` was seen: on the connection's event loop.
    func shut() {
        handler.value.shut(answer: answer)
    }

    /// May be called anywhere.
    func open() {
        eventLoop.execute { handler.value.open(answer: answer) }
    }
}
