import ChatCore
import Logging
import Synchronization

/// The callers' side of the pool: hands operations to the I/O thread, which starts with the first of them.
final class ConnectionPool: Sendable {
    private enum State {
        case idle
        case running(PoolInbox)
        case stopped
    }

    let status = PoolStatus()
    private let configuration: PostgresConfiguration
    private let logger: Logger
    private let state = Mutex(State.idle)
    private let operations = Atomic<UInt64>(0)

    init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Starts the I/O thread unless it runs.
    ///
    /// - Throws: ``PostgresError/Code/notConnected`` when the system gives no thread or descriptor, and
    ///   ``PostgresError/Code/shuttingDown`` after the end.
    @discardableResult
    func start() throws(PostgresError) -> PoolInbox {
        try state.withLock { state throws(PostgresError) in
            switch state {
            case .running(let inbox):
                return inbox
            case .stopped:
                throw PostgresError(.shuttingDown)
            case .idle:
                let inbox = try PoolInbox(maximumSubmissions: configuration.maximumWaitingOperations)
                let result = DetachedThread.start { [configuration, status, logger] in
                    PoolLoop(configuration: configuration, inbox: inbox, status: status, logger: logger).run()
                }
                guard result == 0 else {
                    throw PostgresError(.notConnected, "No thread could be started: error \(result).")
                }
                state = .running(inbox)
                return inbox
            }
        }
    }

    /// Hands the work over and waits for its outcome; the task's cancellation ends the wait at once.
    func run(
        _ work: PostgresOperation.Work,
        commit: PostgresOperation.Commit,
        sharing: PostgresOperation.Sharing
    ) async throws(PostgresError) -> PostgresOperation.Outcome {
        let operation = PostgresOperation(
            id: nextID(),
            work: work,
            commit: commit,
            sharing: sharing,
            waitDeadline: .now.advanced(byMilliseconds: configuration.maximumWaitMilliseconds)
        )
        let inbox = try start()
        if Task.isCancelled { throw PostgresError(.cancelled) }
        return try await outcome(of: operation, by: .submit(operation), in: inbox)
    }

    /// The next step of the transaction on a leased connection.
    ///
    /// It is sent whether the task is cancelled or not.
    /// - Parameter isCancellable: Without it the outcome is awaited even by a cancelled task.
    func step(
        _ work: PostgresOperation.Work,
        commit: PostgresOperation.Commit,
        on lease: ConnectionID,
        isLast: Bool,
        isCancellable: Bool
    ) async throws(PostgresError) -> [ResultSet] {
        let operation = PostgresOperation(
            id: nextID(),
            work: work,
            commit: commit,
            sharing: .exclusive,
            keepsTransactionOpen: !isLast,
            waitDeadline: .now
        )
        let inbox = try start()
        guard isCancellable else {
            if let refusal = inbox.push(.step(operation, lease)) { throw PostgresError(refusal) }
            return try await operation.outcome().get().results
        }
        return try await outcome(of: operation, by: .step(operation, lease), in: inbox).results
    }

    func release(_ lease: ConnectionID) {
        push(.release(lease))
    }

    func shutDown() {
        push(.shutDown)
    }

    /// Ends the I/O thread, or keeps it from starting.
    func abort() {
        let inbox = state.withLock { state -> PoolInbox? in
            defer { state = .stopped }
            guard case .running(let inbox) = state else { return nil }
            return inbox
        }
        if let inbox { _ = inbox.push(.abort) } else { status.stopped() }
    }

    private func outcome(
        of operation: PostgresOperation,
        by command: PoolCommand,
        in inbox: PoolInbox
    ) async throws(PostgresError) -> PostgresOperation.Outcome {
        if let refusal = inbox.push(command) { throw PostgresError(refusal) }
        return try await withTaskCancellationHandler {
            await operation.outcome()
        } onCancel: {
            if operation.settle(.failure(PostgresError(.cancelled))) { _ = inbox.push(.cancel(operation.id)) }
        }.get()
    }

    private func push(_ command: PoolCommand) {
        let inbox = state.withLock { state -> PoolInbox? in
            guard case .running(let inbox) = state else { return nil }
            return inbox
        }
        // A pool that has stopped has nothing left to release or shut down.
        _ = inbox?.push(command)
    }

    private func nextID() -> UInt64 {
        operations.wrappingAdd(1, ordering: .relaxed).newValue
    }
}

extension PostgresOperation.Outcome {
    var results: [ResultSet] {
        switch self {
        case .results(let results): results
        case .lease: []
        }
    }
}
