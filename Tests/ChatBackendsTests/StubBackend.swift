import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a free port of the loopback interface that answers every request as its script says.
final class StubBackend: Sendable {
    /// One request and the means to answer it.
    struct Exchange: Sendable {
        let head: HTTPRequestHead
        let body: String
        /// Done when the connection is closed, by whichever side.
        let connectionClosed: EventLoopFuture<Void>
        fileprivate let channel: any Channel
        fileprivate let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

        func respond(_ status: HTTPResponseStatus = .ok, _ headers: HTTPHeaders, _ body: String = "") async throws {
            try await begin(status, headers)
            try await write(body)
            try await end()
        }

        func begin(_ status: HTTPResponseStatus = .ok, _ headers: HTTPHeaders = Self.eventStream) async throws {
            try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        }

        /// Returns once the connection takes more.
        func write(_ text: String) async throws {
            try await outbound.write(.body(.byteBuffer(ByteBuffer(string: text))))
        }

        func write(_ bytes: [UInt8]) async throws {
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        }

        func end() async throws { try await outbound.write(.end(nil)) }

        /// Breaks the connection off, whatever was said before.
        func reset() async throws { try await channel.close() }

        static let eventStream: HTTPHeaders = ["content-type": "text/event-stream"]
        static let json: HTTPHeaders = ["content-type": "application/json"]
    }

    typealias Script = @Sendable (Exchange) async throws -> Void

    private let listener: NIOAsyncChannel<NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>, Never>
    private let connections = Atomic<Int>(0)
    let port: Int

    var url: String { "http://127.0.0.1:\(port)/hook" }
    /// Connections accepted so far.
    var connectionCount: Int { connections.load(ordering: .relaxed) }

    private init() async throws {
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: false)
                    )
                }
            }
        port = listener.channel.localAddress?.port ?? 0
    }

    /// Runs `body` against a server with this script; the server is gone afterwards.
    static func with(
        _ script: @escaping Script,
        _ body: (StubBackend) async throws -> Void
    ) async throws {
        let stub = try await StubBackend()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stub.serve(script) }
            try await body(stub)
            group.cancelAll()
        }
    }

    private func serve(_ script: @escaping Script) async throws {
        try await listener.executeThenClose { inbound in
            await withDiscardingTaskGroup { group in
                do {
                    for try await connection in inbound {
                        connections.add(1, ordering: .relaxed)
                        group.addTask { try? await Self.answer(connection, script) }
                    }
                } catch {}
                group.cancelAll()
            }
        }
    }

    private static func answer(
        _ connection: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>,
        _ script: Script
    ) async throws {
        let closed = connection.channel.closeFuture
        try await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let next):
                    head = next
                    body.clear()
                case .body(var buffer): body.writeBuffer(&buffer)
                case .end:
                    guard let head else { return }
                    try await script(
                        Exchange(
                            head: head,
                            body: String(buffer: body),
                            connectionClosed: closed,
                            channel: connection.channel,
                            outbound: outbound
                        )
                    )
                }
            }
        }
    }
}
