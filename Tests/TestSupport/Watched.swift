import Synchronization

/// A value that changes with events from outside, and that tests wait on; every wait has a bound.
public final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var version = 0
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    private let state: Mutex<State>

    public init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    public var current: Value { state.withLock { $0.value } }

    /// Changes the value and has every waiter look at it again.
    public func update(_ body: (inout Value) -> Void) {
        let waiters = state.withLock { state in
            body(&state.value)
            state.version += 1
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    /// Returns what `take` finds (and takes out of the value) as soon as it finds something; `nil` after `timeout`.
    public func wait<Found: Sendable>(timeout: Duration, _ take: (inout Value) -> Found?) async -> Found? {
        let deadline = ContinuousClock.now + timeout
        while true {
            let (found, version) = state.withLock { (take(&$0.value), $0.version) }
            if let found { return found }
            guard await changed(since: version, until: deadline) else { return nil }
        }
    }

    /// `false` when nothing has changed by the deadline.
    private func changed(since version: Int, until deadline: ContinuousClock.Instant) async -> Bool {
        guard ContinuousClock.now < deadline else { return false }
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = Mutex<Task<Void, Never>?>(nil)
        let isChanged = await withCheckedContinuation { continuation in
            let isChanged = state.withLock { state in
                if state.version == version { state.waiters[waiter] = continuation }
                return state.version != version
            }
            guard !isChanged else {
                continuation.resume(returning: true)
                return
            }
            timer.withLock {
                $0 = Task {
                    try? await Task.sleep(until: deadline)
                    self.expire(waiter)
                }
            }
        }
        timer.withLock { $0?.cancel() }
        return isChanged
    }

    private func expire(_ waiter: Int) {
        let continuation = state.withLock { $0.waiters.removeValue(forKey: waiter) }
        continuation?.resume(returning: false)
    }
}
