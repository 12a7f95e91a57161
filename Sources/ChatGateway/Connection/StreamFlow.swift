import NIOCore
import Synchronization

/// Counts what one stream has given its connection and the socket has not yet taken, and says when that is too much
/// (`contract/websocket.md`, 'Slow clients').
final class StreamFlow: Sendable {
    /// Over this, nothing more is to be given.
    static let pauseBytes = 256 * 1024
    /// At this, it is again.
    static let resumeBytes = 128 * 1024

    private struct State {
        var bytes = 0
        var isFull = false
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Runs out when it was full for too long.
        var patienceTimer: Scheduled<Void>?
    }

    private let eventLoop: any EventLoop
    private let patience: TimeAmount
    private let onRoom: @Sendable () -> Void
    private let onLostPatience: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - patience: how long it may be full.
    ///   - onRoom: called on the event loop when there is room again.
    ///   - onLostPatience: called on the event loop when it was full all that time.
    init(
        eventLoop: any EventLoop,
        patience: TimeAmount,
        onRoom: @escaping @Sendable () -> Void = {},
        onLostPatience: @escaping @Sendable () -> Void
    ) {
        self.eventLoop = eventLoop
        self.patience = patience
        self.onRoom = onRoom
        self.onLostPatience = onLostPatience
    }

    /// Nothing more is to be given now.
    var isFull: Bool { state.withLock { $0.isFull && !$0.isClosed } }

    /// Something is about to be handed to the connection. - Returns: whether more may be.
    func given(_ bytes: Int) -> Bool {
        let (hasRoom, becameFull) = state.withLock { state in
            state.bytes += bytes
            guard !state.isFull, state.bytes > Self.pauseBytes, !state.isClosed else { return (!state.isFull, false) }
            state.isFull = true
            return (false, true)
        }
        if becameFull { startTimer() }
        return hasRoom
    }

    private func startTimer() {
        let timer = eventLoop.scheduleTask(in: patience) {
            if self.state.withLock({ $0.isFull && !$0.isClosed }) { self.onLostPatience() }
        }
        let superfluous = state.withLock { state -> Scheduled<Void>? in
            guard state.isFull, !state.isClosed else { return timer }
            defer { state.patienceTimer = timer }
            return state.patienceTimer
        }
        superfluous?.cancel()
    }

    /// The socket has taken it.
    func taken(_ bytes: Int) {
        let (hasRoomAgain, waiter, timer) = state.withLock { state in
            state.bytes -= bytes
            guard state.isFull, state.bytes <= Self.resumeBytes else {
                return (false, nil as CheckedContinuation<Void, Never>?, nil as Scheduled<Void>?)
            }
            state.isFull = false
            defer {
                state.waiter = nil
                state.patienceTimer = nil
            }
            return (!state.isClosed, state.waiter, state.patienceTimer)
        }
        timer?.cancel()
        waiter?.resume()
        // Not on this stack: whoever gives may hold a lock that giving more needs.
        if hasRoomAgain { eventLoop.execute { self.onRoom() } }
    }

    /// Nobody takes anything any more.
    func close() {
        let (waiter, timer) = state.withLock { state in
            state.isClosed = true
            defer {
                state.waiter = nil
                state.patienceTimer = nil
            }
            return (state.waiter, state.patienceTimer)
        }
        timer?.cancel()
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
