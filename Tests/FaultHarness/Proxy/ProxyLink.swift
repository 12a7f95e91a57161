import DequeModule
import NIOCore
import TestSupport

/// One connection through a proxy: the client's side, the server's, and what is on its way between them.
final class ProxyLink: Sendable {
    private let client: any Channel
    private let server: any Channel
    private let directions: NIOLoopBound<[ProxyDirection]>

    /// On the event loop that both channels have.
    init(client: any Channel, server: any Channel, proxy: FaultProxy) throws {
        self.client = client
        self.server = server
        let request = ProxyDirection(from: client, to: server, proxy: proxy, isReply: false)
        let reply = ProxyDirection(from: server, to: client, proxy: proxy, isReply: true)
        try client.pipeline.syncOperations.addHandler(request)
        try server.pipeline.syncOperations.addHandler(reply)
        directions = NIOLoopBound([request, reply], eventLoop: client.eventLoop)
        server.setOption(.autoRead, value: true).whenComplete { _ in }
    }

    func modeChanged() {
        client.eventLoop.execute { for direction in self.directions.value { direction.drain() } }
    }

    func reset() {
        ProxyDirection.reset(client, server)
    }
}

/// What one side sends to the other, in its order.
final class ProxyDirection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let source: any Channel
    private let target: any Channel
    private let proxy: FaultProxy
    private let isReply: Bool
    private var waiting: Deque<(due: NIODeadline, bytes: ByteBuffer)> = []
    private var hasEnded = false

    init(from source: any Channel, to target: any Channel, proxy: FaultProxy, isReply: Bool) {
        self.source = source
        self.target = target
        self.proxy = proxy
        self.isReply = isReply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if isReply, proxy.loses(bytes) {
            Self.reset(source, target)
            return
        }
        var due = NIODeadline.now()
        if case .delay(let milliseconds) = proxy.mode { due = due + .milliseconds(milliseconds) }
        // What came before is not overtaken when the delay becomes shorter.
        if let last = waiting.last { due = max(due, last.due) }
        waiting.append((due, bytes))
        drain()
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        drain()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Hands on what is due.
    func drain() {
        guard proxy.mode != .blackHole else { return }
        while let first = waiting.first {
            guard first.due <= .now() else {
                let bound = NIOLoopBound(self, eventLoop: source.eventLoop)
                source.eventLoop.scheduleTask(deadline: first.due) { bound.value.drain() }
                return
            }
            waiting.removeFirst()
            target.writeAndFlush(first.bytes, promise: nil)
        }
        if hasEnded { target.close(promise: nil) }
    }

    static func reset(_ channels: any Channel...) {
        for channel in channels {
            channel.resetOnClose().whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
