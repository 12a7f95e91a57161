/// Runs one check at a time, however many ask, and remembers its result for a while.
struct DependencyCheckMachine<Waiter> {
    enum State {
        /// No check runs. Left by a question that the last result is too old for.
        case idle(last: Result?)
        /// A check runs and is waited for. Left when it finishes or is overdue.
        case running([Waiter])
        /// The check has been given up, but still runs; no other one is started. Left when it finishes.
        case overdue
    }

    struct Result {
        var state: DependencyState
        var at: Duration
    }

    enum AskAction {
        case answer(DependencyState)
        /// Start the check; its end answers.
        case start(run: UInt64)
        /// The check under way will answer.
        case wait
    }

    private let lifetime: Duration
    private var state = State.idle(last: nil)
    private var run: UInt64 = 0

    /// `lifetime`: how long a result is good.
    init(lifetime: Duration) {
        self.lifetime = lifetime
    }

    mutating func ask(_ waiter: Waiter, at now: Duration) -> AskAction {
        switch state {
        case .idle(let last?) where now - last.at < lifetime:
            return .answer(last.state)
        case .idle:
            run += 1
            state = .running([waiter])
            return .start(run: run)
        case .running(let waiters):
            state = .running(waiters + [waiter])
            return .wait
        case .overdue:
            return .answer(.overdue)
        }
    }

    /// The check has ended; returns who is to be told.
    mutating func finished(with result: DependencyState, at now: Duration) -> [Waiter] {
        defer { state = .idle(last: Result(state: result, at: now)) }
        if case .running(let waiters) = state { return waiters }
        return []
    }

    /// The time of a run is up; returns who is to be told that it is overdue.
    mutating func expired(run: UInt64) -> [Waiter] {
        guard run == self.run, case .running(let waiters) = state else { return [] }
        state = .overdue
        return waiters
    }
}
