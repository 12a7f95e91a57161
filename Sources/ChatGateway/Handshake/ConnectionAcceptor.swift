package import ChatRuntime
package import NIOCore

/// Decides who may connect, and makes our end of their connections.
package protocol ConnectionAcceptor: Sendable {
    /// Makes our end of a connection that is upgraded; on the channel's event loop.
    typealias EndpointMaker = @Sendable (any Channel) -> any WebSocketEndpoint

    var allowedOrigins: AllowedOrigins { get }
    var limits: MessageDecoder.Limits { get }

    /// Somebody has connected, and the handshake is to come; on the channel's event loop.
    ///
    /// - Returns: whether it is waited for; otherwise the channel is closed.
    func arrived(_ channel: any Channel) -> Bool

    /// Decides on a handshake that is in order.
    ///
    /// - Throws: why there is no upgrade.
    func accept(_ request: Handshake.Request) async throws(Handshake.Rejection) -> EndpointMaker
}
