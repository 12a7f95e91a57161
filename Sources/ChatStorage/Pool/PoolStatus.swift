import Synchronization

/// What the I/O thread tells everyone else: whether the database is in reach, and when the thread has ended.
final class PoolStatus: Sendable {
    private struct Waiters {
        var isStopped = false
        var continuations: [CheckedContinuation<Void, Never>] = []
    }

    private let reachable = Atomic<Bool>(false)
    private let waiters = Mutex(Waiters())

    var isReachable: Bool {
        get { reachable.load(ordering: .relaxed) }
        set { reachable.store(newValue, ordering: .relaxed) }
    }

    func stopped() {
        isReachable = false
        let continuations = waiters.withLock { waiters in
            waiters.isStopped = true
            defer { waiters.continuations = [] }
            return waiters.continuations
        }
        for continuation in continuations { continuation.resume() }
    }

    func untilStopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = waiters.withLock { waiters in
                if !waiters.isStopped { waiters.continuations.append(continuation) }
                return waiters.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }
}
