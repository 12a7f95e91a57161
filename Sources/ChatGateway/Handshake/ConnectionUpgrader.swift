import ChatCore
import ChatRuntime
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

/// Upgrades one channel from HTTP to the gateway's WebSocket pipeline, after ``Handshake`` and the token allow it.
///
/// SwiftNIO's upgrader checks and answers the handshake; the pipeline behind it is our own, which writes whole frames by
/// itself and so needs no encoder.
final class ConnectionUpgrader: HTTPServerProtocolUpgrader, Sendable {
    struct Accepted: Sendable {
        var request: Handshake.Request
        var caller: Caller?
    }

    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []

    private let services: GatewayServices
    private let handshake: Handshake
    private let accepted = Mutex<Accepted?>(nil)
    private let rejected = Mutex<Handshake.Rejection?>(nil)

    init(services: GatewayServices) {
        self.services = services
        self.handshake = Handshake(allowedOrigins: services.configuration.listener.allowedOrigins)
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
            guard let accepted = accepted.withLock({ $0 }) else { throw Handshake.Rejection.noUpgrade }
            try WebSocketPipeline.configure(
                channel,
                maximumPayloadBytes: services.configuration.connections.maximumPayloadBytes
            ) {
                ConnectionHandler(connection: Connection(channel: channel, services: services), accepted: accepted)
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    private func accept(_ head: HTTPRequestHead) async throws(Handshake.Rejection) -> HTTPHeaders {
        let request = try handshake.read(head)
        var caller: Caller?
        if let token = request.token {
            do {
                caller = try await services.verify(token)
            } catch let error as ChatError {
                throw .badToken(error)
            } catch {
                throw .badToken(.internalError(underlying: error))
            }
        }
        accepted.withLock { $0 = Accepted(request: request, caller: caller) }
        return request.selectsSubprotocol ? ["sec-websocket-protocol": Handshake.subprotocol] : [:]
    }
}
