import ChatCore
import ChatRuntime
import Synchronization

/// Counts the operations that run on the node, so that its drain can wait for them.
final class RunningOperations: Sendable {
    private let count = Mutex(0)

    /// Counts one more, which ``ended()`` takes off again; `false`, and nothing counted, once the node goes away.
    ///
    /// Whoever waits after the drain began waits for every operation that was let in.
    func began(unless drain: DrainState) -> Bool {
        count.withLock { count in
            guard !drain.isDraining else { return false }
            count += 1
            return true
        }
    }

    func ended() { count.withLock { $0 -= 1 } }

    /// Returns when none runs any more, at the latest at the deadline. Cancelling ends the waiting.
    func untilNone(before deadline: ContinuousClock.Instant) async {
        while count.withLock({ $0 > 0 }), ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension ChatError {
    static var goingAway: ChatError {
        ChatError(.serviceUnavailable, "This node is going away.", retryAfterSeconds: 1)
    }
}
