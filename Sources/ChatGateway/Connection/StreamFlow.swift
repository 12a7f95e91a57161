import NIOCore
import Synchronization

/// Counts what one stream has given its connection and the socket has not yet taken, and says when that is too much
/// (`contract/websocket.md`, 'Slow clients').
final class StreamFlow: Sendable {
    /// Over this, nothing more of a stream is to be given.
    static let pauseBytes = 256 * 1024
    /// At this, it is again.
    static let resumeBytes = pauseBytes / 2

    private struct State {
        var bytes = 0
        var isFull = false
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let eventLoop: any EventLoop
    private let patience: ClientPatience
    private let pauseBytes: Int
    private let onRoom: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - patience: how long it may be full.
    ///   - pauseBytes: over this it is full, until half of it is left.
    ///   - onRoom: called on the event loop when there is room again.
    init(
        eventLoop: any EventLoop,
        patience: ClientPatience,
        pauseBytes: Int = StreamFlow.pauseBytes,
        onRoom: @escaping @Sendable () -> Void = {}
    ) {
        self.eventLoop = eventLoop
        self.patience = patience
        self.pauseBytes = pauseBytes
        self.onRoom = onRoom
    }

    /// Nothing more is to be given now.
    var isFull: Bool { state.withLock { $0.isFull && !$0.isClosed } }

    /// Something is about to be handed to the connection. - Returns: whether more may be.
    func given(_ bytes: Int) -> Bool {
        let (hasRoom, becameFull) = state.withLock { state in
            state.bytes += bytes
            guard !state.isFull, state.bytes > pauseBytes, !state.isClosed else { return (!state.isFull, false) }
            state.isFull = true
            return (false, true)
        }
        if becameFull { patience.begin() }
        return hasRoom
    }

    /// The socket has taken it.
    func taken(_ bytes: Int) {
        let (wasFull, isClosed, waiter) = state.withLock { state in
            state.bytes -= bytes
            guard state.isFull, state.bytes <= pauseBytes / 2 else {
                return (false, false, nil as CheckedContinuation<Void, Never>?)
            }
            state.isFull = false
            defer { state.waiter = nil }
            return (true, state.isClosed, state.waiter)
        }
        guard wasFull, !isClosed else { return }
        patience.end()
        waiter?.resume()
        // Not on this stack: whoever gives may hold a lock that giving more needs.
        eventLoop.execute { self.onRoom() }
    }

    /// Nobody takes anything any more.
    func close() {
        let (wasFull, waiter) = state.withLock { state in
            let wasFull = state.isFull && !state.isClosed
            state.isClosed = true
            defer { state.waiter = nil }
            return (wasFull, state.waiter)
        }
        if wasFull { patience.end() }
        waiter?.resume()
    }

    /// Returns when there is room, or never will be any. One task at a time waits. Cancelling it ends the waiting.
    func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = state.withLock { state in
                    if Task.isCancelled || !state.isFull || state.isClosed { return true }
                    state.waiter = continuation
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
