internal import Synchronization

/// One registered check with the bounds put on it.
final class DependencyCheck: Sendable {
    let name: String

    private let check: @Sendable () async -> DependencyState
    private let time: ReadinessRegistry.Time
    private let timeout: Duration
    private let machine: Mutex<DependencyCheckMachine<CheckedContinuation<DependencyState, Never>>>

    init(
        name: String,
        time: ReadinessRegistry.Time,
        timeout: Duration,
        lifetime: Duration,
        check: @escaping @Sendable () async -> DependencyState
    ) {
        self.name = name
        self.check = check
        self.time = time
        self.timeout = timeout
        machine = Mutex(DependencyCheckMachine(lifetime: lifetime))
    }

    /// The state of the dependency, at the latest when the timeout is over.
    func state() async -> DependencyState {
        await withCheckedContinuation { continuation in
            let now = time.now()
            switch machine.withLock({ $0.ask(continuation, at: now) }) {
            case .answer(let state): continuation.resume(returning: state)
            case .start(let run): start(run)
            case .wait: break
            }
        }
    }

    /// Whichever comes first, result or timeout, ends the other.
    private func start(_ run: UInt64) {
        Task {
            await withTaskGroup { group in
                group.addTask { self.finish(with: await self.check()) }
                group.addTask {
                    guard (try? await self.time.sleep(self.timeout)) != nil else { return }
                    self.expire(run)
                }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private func finish(with result: DependencyState) {
        let now = time.now()
        for waiter in machine.withLock({ $0.finished(with: result, at: now) }) { waiter.resume(returning: result) }
    }

    private func expire(_ run: UInt64) {
        for waiter in machine.withLock({ $0.expired(run: run) }) { waiter.resume(returning: .overdue) }
    }
}
