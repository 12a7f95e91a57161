import ChatCore
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport
import Testing

@testable import ChatBackends

/// A backend that agrees on HTTP/2 and then says nothing, as a proxy that hangs does.
@Suite(.timeLimit(.minutes(2)))
struct HangingConnectionTests {
    private final class ConnectionCounter: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        let count = Atomic(0)

        func channelActive(context: ChannelHandlerContext) {
            count.add(1, ordering: .relaxed)
            context.fireChannelActive()
        }
    }

    /// Runs `body` with the address of such a backend, whose certificate `certificates` knows.
    private func withSilentBackend(
        _ certificates: TestCertificates,
        _ body: (_ url: String, _ connections: @Sendable () -> Int) async throws -> Void
    ) async throws {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificates.certificatePath).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: certificates.keyPath, format: .pem))
        )
        tls.applicationProtocols = ["h2"]
        let context = try NIOSSLContext(configuration: tls)
        let counter = ConnectionCounter()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(counter)
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let url = "https://localhost:\(server.localAddress?.port ?? 0)/"
        do {
            try await body(url, { counter.count.load(ordering: .relaxed) })
        } catch {
            try? await server.close()
            throw error
        }
        try await server.close()
    }

    /// - Parameter isBoundedByCall: whether the time of the call is over before that of connecting.
    @Test(arguments: [false, true])
    func `Each call tries a connection of its own, and nobody waits for them at the end`(
        isBoundedByCall: Bool
    ) async throws {
        let certificates = try await TestCertificates.make()
        defer { certificates.remove() }
        var surroundings = (isBoundedByCall ? TestBounds(silence: .seconds(2)) : TestBounds()).surroundings
        surroundings.trust(certificates)
        surroundings.lookUp = { _ in try sockets("127.0.0.1") }
        var configuration = WebhookConfiguration()
        configuration.connectTimeoutMilliseconds = isBoundedByCall ? 60_000 : 2000
        try await withSilentBackend(certificates) { url, connections in
            // The connections do not end; ``withBackend`` returns all the same.
            try await withBackend(configuration: configuration, surroundings: surroundings) { backend in
                for call in 1...2 {
                    let error = await #expect(throws: ChatError.self) {
                        try await backend.streamAnswer(to: .new(.calling(url))) { _ in }
                    }
                    #expect(error?.code == .backendTimeout)
                    #expect(connections() == call)
                }
            }
        }
    }
}
