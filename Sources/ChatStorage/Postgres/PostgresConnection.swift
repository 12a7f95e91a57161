import CLibPQ
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A libpq connection and its state machine; used on the I/O thread alone.
///
/// What its methods learn they append to `events`, for the pool to act on.
final class PostgresConnection {
    enum Event {
        case ready
        case succeed(PostgresOperation, [ResultSet])
        case fail(PostgresOperation, PostgresError, retry: PostgresOperation.Retry?)
        /// Nothing of the operation was sent.
        case unsent(PostgresOperation)
        /// The connection is closed; always the last event.
        case lost(PostgresError)
    }

    let id: ConnectionID
    private(set) var machine: ConnectionStateMachine
    private let handle: OpaquePointer
    private let setup: PostgresOperation
    private let notices: NoticeLogger
    /// What `poll` is asked for.
    private(set) var interest = Int16(POLLOUT)
    private var isFlushNeeded = false
    /// Steps of a caller's transaction that wait for the step before.
    private var steps: [PostgresOperation] = []

    /// Takes ownership of a handle on which `PQconnectStart` has begun.
    init(
        id: ConnectionID,
        handle: OpaquePointer,
        machine: ConnectionStateMachine,
        setup: PostgresOperation,
        logger: Logger
    ) {
        self.id = id
        self.handle = handle
        self.machine = machine
        self.setup = setup
        notices = NoticeLogger(logger: logger)
        notices.attach(to: handle)
    }

    deinit {
        PQfinish(handle)
    }

    var descriptor: Int32 { PQsocket(handle) }

    /// The handle is of no use from the start.
    var isBroken: Bool { PQstatus(handle) == CONNECTION_BAD }

    /// The socket is ready for what `interest` asked.
    func socketReady(now: MonotonicTime, events: inout [Event]) {
        switch machine.state {
        case .connecting: connect(now: now, events: &events)
        case .settingUp, .ready: receive(now: now, events: &events)
        case .closed: break
        }
    }

    /// Puts an operation into the pipeline; ``flush(events:)`` sends it.
    func begin(_ operation: PostgresOperation, now: MonotonicTime, events: inout [Event]) {
        operation.sentAt = now
        send(machine.begin(operation, now: now), of: operation, events: &events)
    }

    /// Takes a step of the transaction this connection is leased for; one is under way at a time.
    func step(_ operation: PostgresOperation, now: MonotonicTime, events: inout [Event]) {
        guard !machine.isExpecting else {
            steps.append(operation)
            return
        }
        begin(operation, now: now, events: &events)
    }

    /// Sends what is buffered, and asks `poll` for a writable socket if not everything went.
    func flush(events: inout [Event]) {
        guard isFlushNeeded, machine.state != .closed else { return }
        switch PQflush(handle) {
        case 0:
            isFlushNeeded = false
            interest = Int16(POLLIN)
        case 1:
            interest = Int16(POLLIN | POLLOUT)
        default:
            lose(PostgresError(.connectionLost, connection: handle), events: &events)
        }
    }

    /// Gives the connection up: every operation on it fails as its progress demands.
    func lose(_ error: PostgresError, events: inout [Event]) {
        guard machine.state != .closed else { return }
        for loss in machine.lost(error) {
            switch loss {
            case .succeed(let operation, _) where operation === setup: break
            case .fail(let operation, _) where operation === setup: break
            case .unsent(let operation) where operation === setup: break
            case .succeed(let operation, let results): events.append(.succeed(operation, results))
            case .fail(let operation, let error): events.append(.fail(operation, error, retry: nil))
            case .unsent(let operation) where !operation.isLeased: events.append(.unsent(operation))
            case .unsent(let operation): events.append(.fail(operation, error, retry: nil))
            }
        }
        for step in steps { events.append(.fail(step, error, retry: nil)) }
        steps = []
        events.append(.lost(error))
    }
}

extension PostgresConnection {
    private func connect(now: MonotonicTime, events: inout [Event]) {
        switch PQconnectPoll(handle) {
        case PGRES_POLLING_READING:
            interest = Int16(POLLIN)
        case PGRES_POLLING_WRITING:
            interest = Int16(POLLOUT)
        case PGRES_POLLING_OK:
            interest = Int16(POLLIN)
            guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
                return lose(PostgresError(.connectionLost, connection: handle), events: &events)
            }
            send(machine.connected(setup: setup), of: setup, events: &events)
            flush(events: &events)
        default:
            lose(PostgresError(.notConnected, connection: handle), events: &events)
        }
    }

    private func receive(now: MonotonicTime, events: inout [Event]) {
        let isAlive = PQconsumeInput(handle) == 1
        machine.progressed(now: now)
        // What arrived before the connection broke still counts.
        takeReplies(now: now, events: &events)
        guard isAlive, PQstatus(handle) == CONNECTION_OK else {
            return lose(PostgresError(.connectionLost, connection: handle), events: &events)
        }
        isFlushNeeded = isFlushNeeded || interest & Int16(POLLOUT) != 0
        flush(events: &events)
    }

    private func takeReplies(now: MonotonicTime, events: inout [Event]) {
        // libpq ends the results of every command but a synchronization point with a null one; two in a row mean that
        // it has nothing more although answers are owed.
        var emptyInARow = 0
        while machine.isExpecting, emptyInARow < 2, PQisBusy(handle) == 0 {
            guard let result = PQgetResult(handle) else {
                emptyInARow += 1
                if machine.isExpectingScript { endScript(now: now, events: &events) }
                continue
            }
            emptyInARow = 0
            guard let reply = reply(taking: result) else {
                return lose(PostgresError(.connectionLost, connection: handle), events: &events)
            }
            apply(machine.received(reply, now: now), now: now, events: &events)
        }
        if emptyInARow == 2 {
            lose(PostgresError(.connectionLost, connection: handle), events: &events)
        }
    }

    /// - Returns: `nil` for a result libpq made up because the connection broke.
    private func reply(taking result: OpaquePointer) -> ConnectionStateMachine.Reply? {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return .completed(ResultSet(taking: result))
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            return .synchronized(transactionStatus)
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
            return .skipped
        case PGRES_FATAL_ERROR:
            defer { PQclear(result) }
            return ServerFailure(result: result).map { .failed($0) }
        default:
            PQclear(result)
            let error = PostgresError(.protocolViolation, "A statement asked for a copy, which is not done here.")
            return .failed(ServerFailure(error: error, isFatal: true))
        }
    }

    private func endScript(now: MonotonicTime, events: inout [Event]) {
        let status = transactionStatus
        guard PQenterPipelineMode(handle) == 1 else {
            return lose(PostgresError(.connectionLost, connection: handle), events: &events)
        }
        apply(machine.received(.scriptEnded(status), now: now), now: now, events: &events)
    }

    private func apply(_ action: ConnectionStateMachine.Action, now: MonotonicTime, events: inout [Event]) {
        switch action {
        case .none:
            return
        case .ready:
            events.append(.ready)
        case .send(let commands):
            send(commands, of: nil, events: &events)
        case .succeed(let operation, let results):
            events.append(.succeed(operation, results))
        case .fail(let operation, let error, let retry):
            events.append(.fail(operation, error, retry: retry))
        case .close(let error):
            lose(error, events: &events)
        }
        if !steps.isEmpty, !machine.isExpecting, machine.state == .ready {
            begin(steps.removeFirst(), now: now, events: &events)
        }
    }

    private var transactionStatus: ConnectionStateMachine.TransactionStatus {
        switch PQtransactionStatus(handle) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: .active
        }
    }
}

extension PostgresConnection {
    /// Hands commands to libpq until it refuses one, which means that the connection is broken.
    private func send(
        _ commands: [ConnectionStateMachine.Command],
        of operation: PostgresOperation?,
        events: inout [Event]
    ) {
        for (count, command) in commands.enumerated() where !send(command, of: operation) {
            if operation != nil { machine.handed(count) }
            return lose(PostgresError(.connectionLost, connection: handle), events: &events)
        }
        if operation != nil { machine.handed(commands.count) }
        isFlushNeeded = true
    }

    private func send(_ command: ConnectionStateMachine.Command, of operation: PostgresOperation?) -> Bool {
        switch command {
        case .prepare(let name, let index):
            guard let key = operation?.statement(index)?.key else { return false }
            return PQsendPrepare(handle, name, key.sql, Int32(key.types.count), key.types) == 1
        case .execute(let name, let index):
            guard let statement = operation?.statement(index) else { return false }
            return statement.withParameters { count, values, lengths, formats in
                PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1) == 1
            }
        case .deallocate(let name):
            return PQsendQueryParams(handle, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 1) == 1
        case .rollBack:
            return PQsendQueryParams(handle, "ROLLBACK", 0, nil, nil, nil, nil, 1) == 1
        case .synchronize:
            return PQpipelineSync(handle) == 1
        case .script(let sql):
            // Several statements in one text are only taken by the simple protocol, which a pipeline excludes.
            return PQexitPipelineMode(handle) == 1 && PQsendQuery(handle, sql) == 1
        }
    }
}

extension PostgresOperation {
    fileprivate func statement(_ index: Int) -> EncodedStatement? {
        guard case .statements(let statements) = work, statements.indices.contains(index) else { return nil }
        return statements[index]
    }
}

extension EncodedStatement {
    /// The parameters as libpq's arrays, valid for the time of the call.
    fileprivate func withParameters<Result>(
        _ body: (Int32, [UnsafePointer<CChar>?], [Int32], [Int32]) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { buffer in
            let values = zip(offsets, lengths).map { offset, length in
                length < 0 ? nil : buffer.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
            }
            let formats = [Int32](repeating: 1, count: lengths.count)
            return body(Int32(lengths.count), values, lengths.map { max(0, $0) }, formats)
        }
    }
}
