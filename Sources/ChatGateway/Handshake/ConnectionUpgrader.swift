import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

/// Upgrades one channel from HTTP to our WebSocket pipeline, after ``Handshake`` and the ``ConnectionAcceptor`` allow
/// it.
///
/// SwiftNIO's upgrader checks and answers the handshake; what stands behind it is our own, and reads and writes frames
/// by itself.
final class ConnectionUpgrader: HTTPServerProtocolUpgrader, Sendable {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []

    private let acceptor: any ConnectionAcceptor
    private let handshake: Handshake
    private let makeEndpoint = Mutex<ConnectionAcceptor.EndpointMaker?>(nil)
    private let rejected = Mutex<Handshake.Rejection?>(nil)

    init(acceptor: any ConnectionAcceptor) {
        self.acceptor = acceptor
        self.handshake = Handshake(allowedOrigins: acceptor.allowedOrigins)
    }

    /// Why the request is not upgraded.
    func rejection(of head: HTTPRequestHead) -> Handshake.Rejection {
        if let rejection = rejected.withLock({ $0 }) { return rejection }
        do {
            _ = try handshake.read(head)
            return .noUpgrade
        } catch {
            return error
        }
    }

    func buildUpgradeResponse(
        channel: any Channel,
        upgradeRequest: HTTPRequestHead,
        initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        let promise = channel.eventLoop.makePromise(of: HTTPHeaders.self)
        promise.completeWithTask {
            do throws(Handshake.Rejection) {
                return try await self.accept(upgradeRequest)
            } catch {
                self.rejected.withLock { $0 = error }
                throw error
            }
        }
        return promise.futureResult.flatMap { ours in
            NIOWebSocketServerUpgrader(
                shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(ours) },
                upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
            ).buildUpgradeResponse(
                channel: channel,
                upgradeRequest: upgradeRequest,
                initialResponseHeaders: initialResponseHeaders
            )
        }
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        let channel = context.channel
        do {
            guard let makeEndpoint = makeEndpoint.withLock({ $0 }) else { throw Handshake.Rejection.noUpgrade }
            let handler = WebSocketHandler(endpoint: makeEndpoint(channel), limits: acceptor.limits)
            try channel.pipeline.syncOperations.addHandler(handler)
            return channel.eventLoop.makeSucceededVoidFuture()
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    private func accept(_ head: HTTPRequestHead) async throws(Handshake.Rejection) -> HTTPHeaders {
        let request = try handshake.read(head)
        let maker = try await acceptor.accept(request)
        makeEndpoint.withLock { $0 = maker }
        return request.selectsSubprotocol ? ["sec-websocket-protocol": Handshake.subprotocol] : [:]
    }
}
