import ChatCore
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The I/O thread: waits for sockets and commands, and carries out what the pool's state machine decides.
///
/// Everything here belongs to that one thread; nothing of it is shared.
final class PoolLoop {
    private let configuration: PostgresConfiguration
    private let inbox: PoolInbox
    private let status: PoolStatus
    private let logger: Logger
    private let opener: ConnectionOpener
    private var pool: PoolStateMachine
    private var metrics = PoolMetrics()
    private var connections: [PostgresConnection?]
    /// Of the connection being opened or open in each slot.
    private var generations: [UInt64]
    private var random = SystemRandomNumberGenerator()
    private var isStopped = false
    /// A connection reported something since the pool last decided.
    private var hasNews = false

    /// Time beyond the server's own limit before a silent connection counts as lost.
    private static let answerGraceMilliseconds = 5000

    init(configuration: PostgresConfiguration, inbox: PoolInbox, status: PoolStatus, logger: Logger) {
        self.configuration = configuration
        self.inbox = inbox
        self.status = status
        self.logger = logger
        opener = ConnectionOpener(configuration)
        pool = PoolStateMachine(
            settings: .init(size: configuration.poolSize, maximumWaiting: configuration.maximumWaitingOperations)
        )
        connections = Array(repeating: nil, count: max(1, configuration.poolSize))
        generations = Array(repeating: 0, count: max(1, configuration.poolSize))
    }

    /// Runs until the pool is shut down or aborted.
    func run() {
        var descriptors: [pollfd] = []
        var polled: [Int] = []
        var commands: [PoolCommand] = []
        while true {
            act()
            if isStopped { break }
            watch(&descriptors, slots: &polled)
            _ = poll(&descriptors, nfds_t(descriptors.count), timeoutMilliseconds())
            // Sockets first: a connection found dead takes no new operation.
            for (descriptor, slot) in zip(descriptors.dropFirst(), polled) where descriptor.revents != 0 {
                withConnection(slot) { $0.socketReady(now: .now, events: &$1) }
            }
            if descriptors[0].revents != 0 { inbox.wakePipe.drain() }
            inbox.take(into: &commands)
            for command in commands { perform(command) }
            expire()
        }
        stop(remaining: inbox.close())
    }

    private func watch(_ descriptors: inout [pollfd], slots: inout [Int]) {
        descriptors.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        descriptors.append(pollfd(fd: inbox.wakePipe.readDescriptor, events: Int16(POLLIN), revents: 0))
        for (slot, connection) in connections.enumerated() {
            guard let connection else { continue }
            descriptors.append(pollfd(fd: connection.descriptor, events: connection.interest, revents: 0))
            slots.append(slot)
        }
    }

    private func timeoutMilliseconds() -> Int32 {
        var next = pool.deadline
        for connection in connections {
            guard let deadline = connection?.machine.deadline else { continue }
            next = next.map { min($0, deadline) } ?? deadline
        }
        guard let deadline = next else { return -1 }
        let nanoseconds = deadline.nanoseconds(since: .now)
        return Int32(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0))
    }

    /// Connections whose time is up.
    private func expire() {
        let now = MonotonicTime.now
        for (slot, connection) in connections.enumerated() {
            guard let connection, let deadline = connection.machine.deadline, deadline <= now else { continue }
            withConnection(slot) {
                $0.lose(PostgresError(.notConnected, "The server did not answer in time."), events: &$1)
            }
        }
    }
}

extension PoolLoop {
    private func perform(_ command: PoolCommand) {
        switch command {
        case .submit(let operation):
            if let refusal = pool.submit(operation) { operation.settle(.failure(PostgresError(refusal))) }
        case .cancel(let id):
            pool.cancel(id)
        case .step(let operation, let id):
            guard isCurrent(id), connections[id.slot] != nil else {
                operation.settle(.failure(PostgresError(.connectionLost)))
                return
            }
            withConnection(id.slot) { $0.step(operation, now: .now, events: &$1) }
        case .release(let id):
            if isCurrent(id), connections[id.slot] != nil { pool.finished(slot: id.slot) }
        case .opened(let opened):
            take(opened)
        case .shutDown:
            pool.shutDown()
        case .abort:
            isStopped = true
        }
    }

    /// Carries out the pool's decisions, then sends what they put into pipelines and shows the new state.
    private func act() {
        repeat {
            hasNews = false
            while !isStopped, let action = pool.next(now: .now) { perform(action) }
            // A connection found broken here gives the pool something to decide again.
            for slot in connections.indices { withConnection(slot) { $0.flush(events: &$1) } }
        } while hasNews
        metrics.show(inUse: pool.inUseCount, waiting: pool.waitingCount)
        status.isReachable = pool.isReachable
    }

    private func perform(_ action: PoolStateMachine.Action) {
        switch action {
        case .open(let slot): open(slot)
        case .assign(let operation, let slot): assign(operation, slot: slot)
        case .fail(let operation, let code): operation.settle(.failure(PostgresError(code)))
        case .close(let slot):
            connections[slot] = nil
            generations[slot] += 1
        case .stop: isStopped = true
        }
    }

    private func assign(_ operation: PostgresOperation, slot: Int) {
        guard operation.isAwaited else { return pool.finished(slot: slot) }
        switch operation.work {
        case .lease:
            let id = ConnectionID(slot: slot, generation: generations[slot])
            if !operation.settle(.success(.lease(id))) { pool.finished(slot: slot) }
        case .statements, .script:
            withConnection(slot) { $0.begin(operation, now: .now, events: &$1) }
        }
    }

    private func open(_ slot: Int) {
        generations[slot] += 1
        let id = ConnectionID(slot: slot, generation: generations[slot])
        let result = DetachedThread.start { [inbox, opener] in
            let opened = OpenedConnection(id: id, handle: Result(catching: opener.start))
            if inbox.push(.opened(opened)) != nil { opened.discard() }
        }
        if result != 0 { lost(slot, PostgresError(.notConnected, "No thread could be started: error \(result).")) }
    }

    private func take(_ opened: OpenedConnection) {
        guard isCurrent(opened.id) else { return opened.discard() }
        let handle: OpaquePointer
        switch opened.handle {
        case .success(let success): handle = success
        case .failure(let error): return lost(opened.id.slot, error)
        }
        let timeout = configuration.statementTimeoutMilliseconds
        let connection = PostgresConnection(
            id: opened.id,
            handle: handle,
            machine: ConnectionStateMachine(
                now: .now,
                connectTimeoutMilliseconds: 1000 * min(max(configuration.connectTimeoutSeconds, 1), 3600),
                answerTimeoutMilliseconds: timeout > 0 ? timeout + Self.answerGraceMilliseconds : nil
            ),
            setup: .sessionSetup(statementTimeoutMilliseconds: timeout),
            logger: logger
        )
        connections[opened.id.slot] = connection
        if connection.isBroken { withConnection(opened.id.slot) { $0.socketReady(now: .now, events: &$1) } }
    }

    private func isCurrent(_ id: ConnectionID) -> Bool {
        generations.indices.contains(id.slot) && generations[id.slot] == id.generation
    }
}

extension PoolLoop {
    /// Lets a connection work, then handles what it reports.
    private func withConnection(_ slot: Int, _ body: (PostgresConnection, inout [PostgresConnection.Event]) -> Void) {
        guard let connection = connections[slot] else { return }
        var events: [PostgresConnection.Event] = []
        body(connection, &events)
        hasNews = hasNews || !events.isEmpty
        for event in events { handle(event, slot: slot) }
    }

    private func handle(_ event: PostgresConnection.Event, slot: Int) {
        switch event {
        case .ready:
            let isReconnect = pool.connected(slot: slot, now: .now)
            if isReconnect { metrics.reconnected() }
            logger.debug("Connected to PostgreSQL", metadata: ["slot": "\(slot)"])
        case .succeed(let operation, let results):
            done(operation, slot: slot)
            operation.settle(.success(.results(results)))
        case .fail(let operation, let error, let retry):
            done(operation, slot: slot)
            if let retry, operation.isAwaited, operation.takeRetry(retry) {
                pool.retry(operation)
            } else {
                operation.settle(.failure(error))
            }
        case .unsent(let operation):
            pool.finished(slot: slot)
            if operation.isAwaited { pool.retry(operation) }
        case .lost(let error):
            lost(slot, error)
        }
    }

    /// The place the operation took on its connection is free, unless its transaction goes on.
    private func done(_ operation: PostgresOperation, slot: Int) {
        metrics.answered(afterNanoseconds: MonotonicTime.now.nanoseconds(since: operation.sentAt))
        if !operation.keepsTransactionOpen { pool.finished(slot: slot) }
    }

    private func lost(_ slot: Int, _ error: PostgresError) {
        connections[slot] = nil
        generations[slot] += 1
        pool.lost(slot: slot, now: .now, jitter: Double.random(in: 0..<1, using: &random))
        logger.warning("Lost a connection to PostgreSQL", metadata: ["slot": "\(slot)", "error": "\(error)"])
    }

    /// Closes everything and settles every promise still open.
    private func stop(remaining: [PoolCommand]) {
        let error = PostgresError(.shuttingDown)
        for (slot, connection) in connections.enumerated() {
            guard let connection else { continue }
            var events: [PostgresConnection.Event] = []
            connection.lose(error, events: &events)
            for event in events {
                switch event {
                case .succeed(let operation, let results): operation.settle(.success(.results(results)))
                case .fail(let operation, let error, _): operation.settle(.failure(error))
                case .unsent(let operation): operation.settle(.failure(error))
                case .ready, .lost: break
                }
            }
            connections[slot] = nil
        }
        for operation in pool.takeWaiting() { operation.settle(.failure(error)) }
        for command in remaining {
            switch command {
            case .submit(let operation), .step(let operation, _): operation.settle(.failure(error))
            case .opened(let opened): opened.discard()
            case .cancel, .release, .shutDown, .abort: break
            }
        }
        metrics.show(inUse: 0, waiting: 0)
        status.stopped()
    }
}
