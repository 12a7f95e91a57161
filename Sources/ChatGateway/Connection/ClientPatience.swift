import NIOCore
import Synchronization

/// Bears with a client that is behind for as long as it takes something (`contract/websocket.md`, 'Slow clients').
///
/// One for each connection, for all that waits for the client: while any of it is full, the client has to take
/// ``minimumBytes`` of whatever it is sent within each span of patience. So one that reads, however much there is for it,
/// is borne with; one that does not is given up when the first span ends.
final class ClientPatience: Sendable {
    static let minimumBytes = 128 * 1024

    private struct State {
        /// How many say that they are full.
        var full = 0
        /// What was taken in the span under way.
        var takenBytes = 0
        var isOver = false
        var timer: Scheduled<Void>?
        var onLost: @Sendable () -> Void = {}
    }

    private let eventLoop: any EventLoop
    private let span: TimeAmount
    private let state = Mutex(State())

    init(eventLoop: any EventLoop, span: TimeAmount) {
        self.eventLoop = eventLoop
        self.span = span
    }

    /// - Parameter action: called once, on the event loop, when the client is given up.
    func whenLost(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.onLost = action }
    }

    /// The client is to take something before more is given to it.
    var isTried: Bool { state.withLock { $0.full > 0 && !$0.isOver } }

    /// Something is full.
    func begin() {
        let isFirst = state.withLock { state in
            state.full += 1
            if state.full == 1 { state.takenBytes = 0 }
            return state.full == 1
        }
        if isFirst { startTimer() }
    }

    /// What was full has room.
    func end() {
        let timer = state.withLock { state -> Scheduled<Void>? in
            state.full -= 1
            guard state.full == 0 else { return nil }
            defer { state.timer = nil }
            return state.timer
        }
        timer?.cancel()
    }

    /// The socket has taken it.
    func taken(_ bytes: Int) {
        state.withLock { $0.takenBytes += bytes }
    }

    /// The connection is gone.
    func close() {
        let timer = state.withLock { state in
            state.isOver = true
            defer { state.timer = nil }
            return state.timer
        }
        timer?.cancel()
    }

    private func startTimer() {
        let timer = eventLoop.scheduleTask(in: span) { self.spanEnded() }
        let superfluous = state.withLock { state -> Scheduled<Void>? in
            guard state.full > 0, !state.isOver else { return timer }
            defer { state.timer = timer }
            return state.timer
        }
        superfluous?.cancel()
    }

    private func spanEnded() {
        let (goesOn, onLost) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard state.full > 0, !state.isOver else { return (false, nil) }
            guard state.takenBytes < Self.minimumBytes else {
                state.takenBytes = 0
                return (true, nil)
            }
            state.isOver = true
            return (false, state.onLost)
        }
        if goesOn { startTimer() }
        onLost?()
    }
}
