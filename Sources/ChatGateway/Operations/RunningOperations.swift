import Synchronization

/// Counts the operations that run on the node, so that its drain can wait for them.
final class RunningOperations: Sendable {
    private let count = Mutex(0)

    func began() { count.withLock { $0 += 1 } }

    func ended() { count.withLock { $0 -= 1 } }

    /// Returns when none runs any more, at the latest at the deadline. Cancelling ends the waiting.
    func untilNone(before deadline: ContinuousClock.Instant) async {
        while count.withLock({ $0 > 0 }), ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
