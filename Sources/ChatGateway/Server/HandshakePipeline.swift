import NIOCore
import NIOHTTP1

/// The HTTP end of a new channel: waits for the handshake, and goes away when it is done.
enum HandshakePipeline {
    /// How long a client may take for its request.
    static let patience: TimeAmount = .seconds(10)

    /// On the channel's event loop.
    static func configure(_ channel: any Channel, services: GatewayServices) throws {
        let upgrader = ConnectionUpgrader(services: services)
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
