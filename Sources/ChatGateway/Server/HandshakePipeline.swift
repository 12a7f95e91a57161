import NIOCore
import NIOHTTP1
package import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The HTTP end of a new channel: waits for the handshake, and goes away when it is done.
package enum HandshakePipeline {
    /// How long a client may take for its request.
    static let patience: TimeAmount = .seconds(10)
    /// What the kernel holds of a connection that the peer has no room for yet.
    ///
    /// Left to itself it takes megabytes, and asks for more only when a third of them is gone: a client that reads slowly
    /// but steadily would look like one that does not read at all.
    private static let unsentBytes = 128 * 1024

    /// Listens for connections that `acceptor` decides on.
    package static func bootstrap(_ acceptor: any ConnectionAcceptor) -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_NOTSENT_LOWAT)), value: unsentBytes)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel, acceptor: acceptor)
                }
            }
    }

    /// On the channel's event loop. A channel that cannot be configured is closed.
    private static func configure(_ channel: any Channel, acceptor: any ConnectionAcceptor) throws {
        guard acceptor.arrived(channel) else { throw NodeIsFull() }
        let upgrader = ConnectionUpgrader(acceptor: acceptor)
        let timeout = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false,
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    timeout.cancel()
                    let pipeline = context.pipeline.syncOperations
                    guard let handler = try? pipeline.handler(type: RejectionHandler.self) else { return }
                    pipeline.removeHandler(handler, promise: nil)
                }
            )
        )
        try channel.pipeline.syncOperations.addHandler(RejectionHandler(upgrader: upgrader))
    }
}

/// There are more channels than can even be told so.
private struct NodeIsFull: Error {}
