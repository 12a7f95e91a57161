import Synchronization

/// One thing asked of the pool, and the promise its caller waits on.
///
/// The caller's side and the I/O thread meet here; whoever settles the promise first wins.
final class PostgresOperation: Sendable {
    enum Work: Sendable {
        /// Statements in one pipeline; the first failure skips the rest.
        case statements([EncodedStatement])
        /// Text of possibly several statements, outside the pipeline.
        case script(String)
        /// A connection for the caller alone.
        case lease
    }

    /// Where in the work a commit happens.
    enum Commit: Hashable, Sendable {
        /// Nothing is committed by this operation.
        case none
        /// At the end of the pipeline, of whatever the statements wrote.
        case atEnd
        /// When the statement of this index is carried out.
        case atStatement(Int)
    }

    /// How the operation shares a connection.
    enum Sharing: Hashable, Sendable {
        /// Others may be in the pipeline before and after it.
        case shared
        /// Others may be before it; none after it, for its failure leaves a transaction to roll back.
        case last
        /// The connection is its caller's until it is released.
        case exclusive
    }

    /// Why an operation whose transaction was rolled back may be tried once more.
    enum Retry: Hashable, Sendable {
        /// The server no longer has the prepared statement, or its result type changed.
        case preparedStatementLost
        /// Serialization failure or deadlock.
        case conflict
    }

    enum Outcome: Sendable {
        case results([ResultSet])
        case lease(ConnectionID)
    }

    let id: UInt64
    let work: Work
    let commit: Commit
    let sharing: Sharing
    /// The operation belongs to a lease and leaves its transaction open for the next.
    let keepsTransactionOpen: Bool
    /// When waiting for a connection ends.
    let waitDeadline: MonotonicTime

    private struct State {
        var continuation: CheckedContinuation<Result<Outcome, PostgresError>, Never>?
        var outcome: Result<Outcome, PostgresError>?
        var retries: Set<Retry> = []
    }

    private let state = Mutex(State())
    private let sentAtNanoseconds = Atomic<UInt64>(0)

    init(
        id: UInt64,
        work: Work,
        commit: Commit,
        sharing: Sharing,
        keepsTransactionOpen: Bool = false,
        waitDeadline: MonotonicTime
    ) {
        self.id = id
        self.work = work
        self.commit = commit
        self.sharing = sharing
        self.keepsTransactionOpen = keepsTransactionOpen
        self.waitDeadline = waitDeadline
    }

    /// False once the promise is settled: its caller went away and nothing need be sent.
    var isAwaited: Bool { state.withLock { $0.outcome == nil } }

    /// Settles the promise; false when it was settled before.
    @discardableResult
    func settle(_ outcome: Result<Outcome, PostgresError>) -> Bool {
        let (isFirst, continuation) = state.withLock { state in
            guard state.outcome == nil else {
                return (false, CheckedContinuation<Result<Outcome, PostgresError>, Never>?.none)
            }
            state.outcome = outcome
            return (true, state.continuation.take())
        }
        continuation?.resume(returning: outcome)
        return isFirst
    }

    /// Waits for the promise; only one task may.
    func outcome() async -> Result<Outcome, PostgresError> {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.continuation = continuation }
                return state.outcome
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    /// When it was last handed to a connection.
    var sentAt: MonotonicTime {
        get { MonotonicTime(nanoseconds: sentAtNanoseconds.load(ordering: .relaxed)) }
        set { sentAtNanoseconds.store(newValue.nanoseconds, ordering: .relaxed) }
    }

    /// True the first time it is asked for a reason, which then counts as used.
    func takeRetry(_ reason: Retry) -> Bool {
        state.withLock { $0.retries.insert(reason).inserted }
    }
}

/// A connection of the pool: its place, and which of the connections that were ever there.
struct ConnectionID: Hashable, Sendable {
    let slot: Int
    let generation: UInt64
}
