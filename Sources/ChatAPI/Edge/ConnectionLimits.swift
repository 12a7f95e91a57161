internal import HummingbirdCore
internal import NIOCore

extension HTTP1Channel.Configuration {
    /// What a connection may hold on to: room for the longest token accepted, and a bound for silence that is longer
    /// than load balancers keep an idle connection.
    static var limited: Self {
        Self(
            additionalChannelHandlers: [ConnectionEdge()],
            idleTimeout: .seconds(75),
            httpDecoderConfiguration: DecoderConfiguration(
                maxHeaderFieldSize: 16 * 1024,
                maxHeaderListSize: 64 * 1024,
                maxHeaderFieldCount: 100
            )
        )
    }
}
