internal import NIOCore
internal import Synchronization

/// Whether the client is still at its end of a connection, for requests that wait for something else meanwhile.
final class ClientPresence: Sendable {
    private struct State {
        var isGone = false
        /// The request under way, of which a connection has one at a time.
        var waiter: AsyncStream<Void>.Continuation?
    }

    private let state = Mutex(State())

    /// The client has closed the connection, or its half of it.
    func gone() {
        let waiter = state.withLock { state in
            state.isGone = true
            return state.waiter.take()
        }
        waiter?.finish()
    }

    /// Returns when the client is gone, at once if it is; returns early when the calling task is cancelled.
    func untilGone() async {
        let (stream, waiter) = AsyncStream.makeStream(of: Void.self)
        let isGone = state.withLock { state in
            state.waiter = waiter
            return state.isGone
        }
        if isGone { return }
        for await _ in stream {}
    }
}

extension ClientPresence {
    /// That of the client at the other end of a connection; `nil` when there is no connection, as in tests of the router.
    static func at(_ channel: any Channel) async -> ClientPresence? {
        try? await channel.pipeline.handler(type: ConnectionEdge.self).map(\.presence).get()
    }
}
