import ChatGateway
import ChatRuntime
import NIOCore

/// Takes every connection whose handshake is in order, on the gateway's path.
struct EchoAcceptor: ConnectionAcceptor {
    let limits: MessageDecoder.Limits

    var allowedOrigins: AllowedOrigins { .any }

    func arrived(_ channel: any Channel) -> Bool { true }

    func accept(_ request: Handshake.Request) async throws(Handshake.Rejection) -> EndpointMaker {
        { EchoEndpoint(channel: $0) }
    }
}
