import DequeModule

/// One connection: what was sent and what answers are still owed, without any I/O.
///
/// Every operation is a stretch of the pipeline that ends with a synchronization point, so that the failure of one
/// never reaches the next. The machine is told of each answer in order and says what to do about it.
struct ConnectionStateMachine {
    enum State: Hashable {
        /// libpq is connecting. Left by ``connected(setup:now:)`` or ``lost(_:)``.
        case connecting
        /// The session's settings are on their way. Left by their answer or ``lost(_:)``.
        case settingUp
        /// Takes operations. Left by ``lost(_:)``.
        case ready
        /// Nothing more is taken or expected.
        case closed
    }

    /// What to hand to libpq, in order.
    enum Command: Hashable {
        case prepare(name: String, index: Int)
        case execute(name: String, index: Int)
        case deallocate(name: String)
        case synchronize
        case script(String)
        /// Ends the transaction a failed operation left behind.
        case rollBack
    }

    /// An answer of the server.
    enum Reply {
        case completed(ResultSet)
        case failed(ServerFailure)
        /// Skipped because an earlier command of the same stretch failed.
        case skipped
        case synchronized(TransactionStatus)
        /// The end of a script's answers.
        case scriptEnded(TransactionStatus)
    }

    enum TransactionStatus: Hashable {
        case idle
        case open
        case failed
        /// The server is at work on something later in the pipeline.
        case active
    }

    enum Action {
        case none
        /// The session is set up.
        case ready
        case send([Command])
        case succeed(PostgresOperation, [ResultSet])
        /// `retry` names the reason when the operation was rolled back as a whole and may be tried again.
        case fail(PostgresOperation, PostgresError, retry: PostgresOperation.Retry?)
        /// The connection is of no further use; ``lost(_:)`` is next.
        case close(PostgresError)
    }

    /// What becomes of an operation whose connection is gone.
    enum Loss {
        case succeed(PostgresOperation, [ResultSet])
        case fail(PostgresOperation, PostgresError)
        /// None of it was handed to libpq: it may go to another connection.
        case unsent(PostgresOperation)
    }

    fileprivate enum Expectation {
        case prepare(EncodedStatement.Key, name: String)
        case execute(index: Int)
        case deallocate
        case synchronization
        case script
    }

    private(set) var state = State.connecting
    private var flights: Deque<Flight> = []
    private var expectations: Deque<Expectation> = []
    private var prepared: PreparedStatements
    private var lastProgress: MonotonicTime
    private let connectTimeoutMilliseconds: Int
    /// Longest an answer may be overdue; `nil` for any time.
    private let answerTimeoutMilliseconds: Int?

    init(
        now: MonotonicTime,
        connectTimeoutMilliseconds: Int,
        answerTimeoutMilliseconds: Int?,
        prepared: PreparedStatements = PreparedStatements()
    ) {
        lastProgress = now
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.answerTimeoutMilliseconds = answerTimeoutMilliseconds
        self.prepared = prepared
    }

    /// Whether answers are owed.
    var isExpecting: Bool { !expectations.isEmpty }

    var isExpectingScript: Bool {
        if case .script = expectations.first { true } else { false }
    }

    /// When the connection counts as lost unless something happens before.
    ///
    /// A caller's own transaction has no such moment: it may have lifted the server's timeout.
    var deadline: MonotonicTime? {
        switch state {
        case .connecting, .settingUp:
            return lastProgress.advanced(byMilliseconds: connectTimeoutMilliseconds)
        case .ready:
            guard let answerTimeoutMilliseconds, let flight = flights.first, !flight.operation.isLeased else {
                return nil
            }
            return lastProgress.advanced(byMilliseconds: answerTimeoutMilliseconds)
        case .closed:
            return nil
        }
    }

    /// libpq is connected; `setup` applies the session's settings.
    mutating func connected(setup: PostgresOperation) -> [Command] {
        guard state == .connecting else { return [] }
        state = .settingUp
        return enqueue(setup)
    }

    /// Takes an operation into the pipeline.
    mutating func begin(_ operation: PostgresOperation, now: MonotonicTime) -> [Command] {
        guard state == .ready else { return [] }
        if flights.isEmpty { lastProgress = now }
        return enqueue(operation)
    }

    /// libpq took the first `count` commands of the operation begun last.
    mutating func handed(_ count: Int) {
        guard !flights.isEmpty else { return }
        flights[flights.count - 1].handedCommands = count
    }

    mutating func received(_ reply: Reply, now: MonotonicTime) -> Action {
        guard let expectation = expectations.first, !flights.isEmpty else {
            return .close(PostgresError(.protocolViolation, "The server answered what was not asked."))
        }
        lastProgress = now
        switch (reply, expectation) {
        case (.completed(let result), .execute(let index)):
            expectations.removeFirst()
            flights[0].completed(index, result)
        case (.completed, .prepare), (.completed, .deallocate), (.skipped, .deallocate), (.skipped, .execute):
            expectations.removeFirst()
        case (.completed, .script):
            break
        case (.skipped, .prepare(let key, let name)):
            expectations.removeFirst()
            prepared.forget(key, name: name)
        case (.failed(let failure), _):
            return failed(failure, at: expectation)
        case (.synchronized(let status), .synchronization), (.scriptEnded(let status), .script):
            expectations.removeFirst()
            return finishFlight(status)
        default:
            return .close(PostgresError(.protocolViolation, "The server's answer does not fit the question."))
        }
        return .none
    }

    /// Part of an answer arrived.
    mutating func progressed(now: MonotonicTime) {
        if state == .ready { lastProgress = now }
    }

    /// The connection is gone: says what becomes of each operation, in the order they were sent.
    mutating func lost(_ error: PostgresError) -> [Loss] {
        guard state != .closed else { return [] }
        state = .closed
        defer {
            flights.removeAll()
            expectations.removeAll()
        }
        return flights.map { $0.loss(error) }
    }
}

extension ConnectionStateMachine {
    private mutating func enqueue(_ operation: PostgresOperation) -> [Command] {
        var commands: [Command] = []
        var commitCommand: Int?
        switch operation.work {
        case .statements(let statements):
            for (index, statement) in statements.enumerated() {
                let name = prepare(statement.key, index: index, commands: &commands)
                if operation.commit == .atStatement(index) { commitCommand = commands.count }
                commands.append(.execute(name: name, index: index))
                expectations.append(.execute(index: index))
            }
            if operation.commit == .atEnd { commitCommand = commands.count }
            commands.append(.synchronize)
            expectations.append(.synchronization)
        case .script(let sql):
            commands.append(.script(sql))
            expectations.append(.script)
        case .lease:
            return []
        }
        flights.append(Flight(operation: operation, commitCommand: commitCommand))
        return commands
    }

    private mutating func prepare(_ key: EncodedStatement.Key, index: Int, commands: inout [Command]) -> String {
        switch prepared.lookup(key) {
        case .prepared(let name):
            return name
        case .missing(let name, let evicted):
            if let evicted {
                commands.append(.deallocate(name: evicted))
                expectations.append(.deallocate)
            }
            commands.append(.prepare(name: name, index: index))
            expectations.append(.prepare(key, name: name))
            return name
        }
    }

    private mutating func failed(_ failure: ServerFailure, at expectation: Expectation) -> Action {
        if failure.isFatal {
            // The server ended the session at this very command: a commit that comes later never happened.
            if failure.endedSessionBeforeLaterCommands {
                for index in flights.indices where index > 0 || !flights[0].mayCommit(at: expectation.index) {
                    flights[index].isKnownUncommitted = true
                }
            }
            return .close(PostgresError(.connectionLost, failure.error.message))
        }
        switch expectation {
        case .prepare(let key, let name):
            prepared.forget(key, name: name)
        case .execute where failure.isPreparedStatementLost:
            // What happened to one happened to its neighbours as well, as a rule; the operation is tried again only once.
            prepared.forget(flights[0].operation.statementKeys)
        default:
            break
        }
        flights[0].fail(failure)
        switch expectation {
        // A failure at the synchronization point, or in a script, is followed by its end.
        case .synchronization, .script: break
        case .prepare, .execute, .deallocate: expectations.removeFirst()
        }
        return .none
    }

    private mutating func finishFlight(_ status: TransactionStatus) -> Action {
        let flight = flights.removeFirst()
        if state == .settingUp {
            if let failure = flight.failure { return .close(failure.error) }
            state = .ready
            return .ready
        }
        let isLeftOpen = status == .open || status == .failed
        if isLeftOpen, !flight.operation.keepsTransactionOpen {
            guard !flight.isRollingBack else {
                return .close(PostgresError(.protocolViolation, "ROLLBACK left a transaction behind."))
            }
            var rollBack = flight
            rollBack.beginRollBack()
            flights.prepend(rollBack)
            expectations.prepend(.synchronization)
            expectations.prepend(.execute(index: Flight.rollBackIndex))
            return .send([.rollBack, .synchronize])
        }
        guard let failure = flight.failure else { return .succeed(flight.operation, flight.results) }
        let retry = flight.operation.isLeased ? nil : failure.retry
        return .fail(flight.operation, failure.error, retry: retry)
    }
}

extension ConnectionStateMachine.Expectation {
    /// The statement answered, or `nil` at the end of the pipeline and between statements.
    fileprivate var index: Int? {
        switch self {
        case .execute(let index): index
        case .prepare, .deallocate: nil
        case .synchronization, .script: ConnectionStateMachine.Flight.endIndex
        }
    }
}
