import ChatCore
import ChatRuntime
import NIOCore

/// The gateway's clients: who brings a token has to bring a good one, and gets a ``Connection``.
struct GatewayAcceptor: ConnectionAcceptor {
    let services: GatewayServices

    var allowedOrigins: AllowedOrigins { services.configuration.listener.allowedOrigins }

    var limits: MessageDecoder.Limits {
        MessageDecoder.Limits(
            messageBytes: services.configuration.connections.maximumPayloadBytes,
            acceptsBinary: false
        )
    }

    func arrived(_ channel: any Channel) -> Bool { services.connections.arrived(channel) }

    func accept(_ request: Handshake.Request) async throws(Handshake.Rejection) -> EndpointMaker {
        let caller = try await caller(of: request)
        guard !services.drain.isDraining else { throw .goingAway }
        return { [services] channel in
            Connection(channel: channel, services: services, caller: caller, lastSeq: request.lastSeq)
        }
    }

    /// `nil` when the token comes as the first message.
    private func caller(of request: Handshake.Request) async throws(Handshake.Rejection) -> Caller? {
        guard let token = request.token else { return nil }
        do {
            return try await services.verify(token)
        } catch let error as ChatError {
            throw .badToken(error)
        } catch {
            throw .badToken(.internalError(underlying: error))
        }
    }
}
