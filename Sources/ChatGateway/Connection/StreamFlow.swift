import Synchronization

/// Counts what one stream has given its connection and the socket has not yet taken, and makes the stream wait while that
/// is too much (`contract/websocket.md`, 'Slow clients').
final class StreamFlow: Sendable {
    /// Over this, the backend is not read.
    static let pauseBytes = 256 * 1024
    /// At this, it is read again.
    static let resumeBytes = 128 * 1024

    private struct State {
        var bytes = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func given(_ bytes: Int) {
        state.withLock { $0.bytes += bytes }
    }

    func taken(_ bytes: Int) {
        let waiter = state.withLock { state in
            state.bytes -= bytes
            guard state.bytes <= Self.resumeBytes else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the stream may go on. One task at a time waits. Cancelling it ends the waiting.
    func waitForRoom() async {
        guard state.withLock({ $0.bytes > Self.pauseBytes }) else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = state.withLock { state in
                    if Task.isCancelled || state.bytes <= Self.resumeBytes { return true }
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
