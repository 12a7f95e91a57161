import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

extension WebSocketClient {
    /// What a test asks for in its handshake.
    public struct Handshake: Sendable {
        public enum TokenPlace: Sendable {
            case authorization
            case subprotocol
        }

        public var path = "/ws"
        public var token: String?
        public var tokenPlace = TokenPlace.authorization
        public var subprotocols = ["chat-engine.v2"]
        public var origin: String?
        public var lastSeq: Int64?
        /// What the kernel takes for the client (`SO_RCVBUF`), before the gateway sees that it does not read.
        public var receiveBufferBytes: Int?
        public var headers: [(name: String, value: String)] = []

        public init(token: String? = nil) {
            self.token = token
        }

        func request(host: String, port: Int) -> HTTPRequestHead {
            var headers = HTTPHeaders([("host", "\(host):\(port)")])
            var offered = subprotocols
            if let token {
                switch tokenPlace {
                case .authorization: headers.add(name: "authorization", value: "Bearer \(token)")
                case .subprotocol: offered.append("bearer.\(token)")
                }
            }
            if !offered.isEmpty {
                headers.add(name: "sec-websocket-protocol", value: offered.joined(separator: ", "))
            }
            if let origin { headers.add(name: "origin", value: origin) }
            if let lastSeq { headers.add(name: "chat-engine-last-seq", value: String(lastSeq)) }
            for header in self.headers { headers.add(name: header.name, value: header.value) }
            return HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        }
    }

    /// Connects and upgrades.
    ///
    /// - Throws: ``WebSocketRefusal`` when the handshake is answered with anything else than 101, and SwiftNIO's errors
    ///   when there is no connection.
    public static func connect(
        host: String = "127.0.0.1",
        port: Int,
        _ handshake: Handshake
    ) async throws
        -> WebSocketClient
    {
        let inbox = Watched(WebSocketInbox())
        let request = handshake.request(host: host, port: port)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let outcome = loop.makePromise(of: HTTPHeaders.self)
        let upgrader = NIOWebSocketClientUpgrader(maxFrameSize: 64 << 20, automaticErrorHandling: false) {
            channel,
            head in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(WebSocketFrameHandler(inbox: inbox))
                outcome.succeed(head.headers)
            }
        }
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers(
                        leftOverBytesStrategy: .forwardBytes,
                        withClientUpgrade: (
                            upgraders: [upgrader],
                            completionHandler: { context in
                                let pipeline = context.pipeline.syncOperations
                                guard let handler = try? pipeline.handler(type: WebSocketHandshakeHandler.self) else {
                                    return
                                }
                                pipeline.removeHandler(handler, promise: nil)
                            }
                        )
                    )
                    try pipeline.addHandler(WebSocketHandshakeHandler(request: request, outcome: outcome))
                }
            }
        if let bytes = handshake.receiveBufferBytes {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(bytes))
        }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: host, port: port).get()
        } catch {
            outcome.fail(error)
            throw error
        }
        let timeout = loop.scheduleTask(in: .seconds(30)) {
            outcome.fail(TestSupportError("the handshake was not answered within 30 s"))
            channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        let headers = try await outcome.futureResult.get()
        return WebSocketClient(
            channel: channel,
            inbox: inbox,
            handshakeHeaders: headers.reduce(into: [:]) { $0[$1.name.lowercased()] = $1.value }
        )
    }
}
