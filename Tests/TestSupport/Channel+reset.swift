public import NIOCore

extension Channel {
    /// Makes closing the channel a reset of its connection; without effect on a channel that is no socket.
    public func resetOnClose() -> EventLoopFuture<Void> {
        guard let socket = self as? any SocketOptionProvider else { return eventLoop.makeSucceededVoidFuture() }
        return socket.unsafeSetSocketOption(level: .socket, name: .so_linger, value: Linger())
    }
}

/// The C type `linger`, which several modules claim as theirs: nothing is waited for.
private struct Linger: Sendable {
    var isOn: CInt = 1
    var seconds: CInt = 0
}
