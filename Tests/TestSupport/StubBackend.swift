public import NIOCore
public import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a free port of the loopback interface that answers every request as its script says.
public final class StubBackend: Sendable {
    public typealias Script = @Sendable (Exchange) async throws -> Void

    /// One request and the means to answer it.
    public struct Exchange: Sendable {
        public let head: HTTPRequestHead
        public let body: String
        fileprivate let channel: any Channel

        /// Done when the connection is closed, by whichever side.
        public var connectionClosed: EventLoopFuture<Void> { channel.closeFuture }

        public func respond(
            _ status: HTTPResponseStatus = .ok,
            _ headers: HTTPHeaders,
            _ body: String = ""
        ) async throws {
            try await begin(status, headers)
            try await write(body)
            try await end()
        }

        public func begin(_ status: HTTPResponseStatus = .ok, _ headers: HTTPHeaders = Self.eventStream) async throws {
            try await send(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        }

        /// Returns once the kernel has taken it all.
        public func write(_ text: String) async throws {
            try await send(.body(.byteBuffer(ByteBuffer(string: text))))
        }

        public func write(_ bytes: [UInt8]) async throws {
            try await send(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        }

        public func end() async throws { try await send(.end(nil)) }

        /// Breaks the connection off, whatever was said before.
        public func reset() async throws { try await channel.close() }

        private func send(_ part: HTTPServerResponsePart) async throws {
            try await channel.writeAndFlush(part)
        }

        public static let eventStream: HTTPHeaders = ["content-type": "text/event-stream"]
        public static let json: HTTPHeaders = ["content-type": "application/json"]
    }

    private let listener: any Channel
    private let connections: Connections
    public let port: Int
    /// One element for each time that a connection took no more.
    public let stalls: AsyncStream<Void>

    public var url: String { "http://127.0.0.1:\(port)/hook" }
    /// Connections accepted so far.
    public var connectionCount: Int { connections.all.withLock { $0.count } }

    private init(_ script: @escaping Script) async throws {
        let connections = Connections()
        let (stalls, stall) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.all.withLock { $0.append(channel) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(script, stall))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
        self.connections = connections
        self.stalls = stalls
    }

    /// Runs `body` against a server with this script; the server is gone afterwards.
    public static func with(_ script: @escaping Script, _ body: (StubBackend) async throws -> Void) async throws {
        let stub = try await StubBackend(script)
        do {
            try await body(stub)
        } catch {
            try? await stub.close()
            throw error
        }
        try await stub.close()
    }

    private func close() async throws {
        try await listener.close()
        for channel in connections.all.withLock({ $0 }) { try? await channel.close() }
    }

    private final class Connections: Sendable {
        let all = Mutex<[any Channel]>([])
    }
}

/// Runs the script for each request of one connection.
private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let script: StubBackend.Script
    private let stall: AsyncStream<Void>.Continuation
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ script: @escaping StubBackend.Script, _ stall: AsyncStream<Void>.Continuation) {
        self.script = script
        self.stall = stall
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
        case .body(var buffer):
            body.writeBuffer(&buffer)
        case .end:
            guard let head else { return }
            let exchange = StubBackend.Exchange(head: head, body: String(buffer: body), channel: context.channel)
            Task { [script] in try? await script(exchange) }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable { stall.yield() }
        context.fireChannelWritabilityChanged()
    }
}
