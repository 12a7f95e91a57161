public import NIOCore
public import NIOHTTP1
internal import NIOHTTP2
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// An HTTP server on a free port of the loopback interface that answers every request as its script says; with
/// certificates over TLS, where it offers HTTP/2.
public final class StubBackend: Sendable {
    public typealias Script = @Sendable (Exchange) async throws -> Void

    /// One request and the means to answer it.
    public struct Exchange: Sendable {
        public let head: HTTPRequestHead
        public let body: String
        fileprivate let channel: any Channel

        /// Done when the connection, or with HTTP/2 the stream, is closed, by whichever side.
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

        public func begin(
            _ status: HTTPResponseStatus = .ok,
            _ headers: HTTPHeaders = Self.eventStream
        ) async throws {
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

        /// Sends bytes as they are, without the framing of HTTP/1.1.
        public func writeRaw(_ text: String) async throws {
            try await channel.eventLoop.flatSubmit { [channel] in
                do {
                    let encoder = try channel.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
                    let promise = channel.eventLoop.makePromise(of: Void.self)
                    encoder.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: promise)
                    return promise.futureResult
                } catch {
                    return channel.eventLoop.makeFailedFuture(error)
                }
            }.get()
        }

        /// Ends the connection in the orderly way, whatever was said before.
        public func close() async throws { try await channel.close() }

        /// Breaks the connection off with a reset; with HTTP/2 the stream.
        public func reset() async throws {
            try await channel.resetOnClose().get()
            try await channel.close()
        }

        private func send(_ part: HTTPServerResponsePart) async throws {
            try await channel.writeAndFlush(part)
        }

        public static let eventStream: HTTPHeaders = ["content-type": "text/event-stream"]
        public static let json: HTTPHeaders = ["content-type": "application/json"]
    }

    private let listener: any Channel
    private let connections: Connections
    public let port: Int
    private let scheme: String
    /// One element for each time that a connection took no more.
    public let stalls: AsyncStream<Void>

    public var url: String { url(host: "127.0.0.1") }
    /// Connections accepted so far.
    public var connectionCount: Int { connections.all.withLock { $0.count } }

    public func url(host: String) -> String { "\(scheme)://\(host):\(port)/hook" }

    private init(_ script: @escaping Script, certificate: TestCertificates.Pair?, refusesAtOnce: Bool) async throws {
        let connections = Connections()
        let (stalls, stall) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let tls = try certificate.map { try Self.tls($0) }
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                connections.all.withLock { $0.append(channel) }
                if refusesAtOnce {
                    // The failure closes the connection.
                    return channel.resetOnClose().flatMapThrowing { throw ChannelError.eof }
                }
                return Self.configure(channel, tls: tls) { ScriptHandler(script, stall) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
        scheme = certificate == nil ? "http" : "https"
        self.connections = connections
        self.stalls = stalls
    }

    /// Runs `body` against a server with this script; the server is gone afterwards.
    ///
    /// - Parameters:
    ///   - certificate: with one the server speaks TLS.
    ///   - refusesAtOnce: connections are reset as soon as they are there.
    public static func with(
        _ script: @escaping Script,
        certificate: TestCertificates.Pair? = nil,
        refusesAtOnce: Bool = false,
        _ body: (StubBackend) async throws -> Void
    ) async throws {
        let stub = try await StubBackend(script, certificate: certificate, refusesAtOnce: refusesAtOnce)
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

    private static func tls(_ certificate: TestCertificates.Pair) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.certificatePath).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.keyPath, format: .pem))
        )
        configuration.applicationProtocols = ["h2", "http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    private static func configure(
        _ channel: any Channel,
        tls: NIOSSLContext?,
        _ handler: @escaping @Sendable () -> ScriptHandler
    ) -> EventLoopFuture<Void> {
        let http1: NIOChannelInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(handler())
            }
        }
        guard let tls else { return http1(channel) }
        let http2: NIOChannelInitializer = { channel in
            channel.configureHTTP2Pipeline(mode: .server) { stream in
                stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                    try stream.pipeline.syncOperations.addHandler(handler())
                }
            }.map { _ in }
        }
        do {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return channel.configureHTTP2SecureUpgrade(h2ChannelConfigurator: http2, http1ChannelConfigurator: http1)
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
