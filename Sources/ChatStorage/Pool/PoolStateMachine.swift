import DequeModule

/// Which operation goes to which connection, and when connections are opened and closed, without any I/O.
///
/// Inputs record what happened; ``next(now:)`` then says, one at a time, what is to be done about it.
struct PoolStateMachine {
    struct Settings {
        var size: Int
        var maximumWaiting: Int
        /// Most operations in one connection's pipeline.
        var pipelineDepth = 4
    }

    enum Action {
        /// Start to connect.
        case open(slot: Int)
        /// Hand the operation to the connection; ``finished(slot:)`` follows, or ``lost(slot:now:jitter:)``.
        case assign(PostgresOperation, slot: Int)
        case fail(PostgresOperation, PostgresError.Code)
        /// Close the connection, which is idle or still connecting; nothing follows.
        case close(slot: Int)
        /// The last connection is closed and nothing waits.
        case stop
    }

    enum Phase {
        case running
        /// Takes nothing new; serves what waits, then closes. Left by `stop`.
        case draining
        case stopped
    }

    private enum Slot {
        /// No connection. Left by the action `open`.
        case empty
        /// Left by ``connected(slot:)`` or ``lost(slot:now:jitter:)``.
        case opening
        /// `load` operations in the pipeline; none may follow one that is the last. Left by an assignment of the
        /// exclusive kind, by a loss, or by the action `close`.
        case ready(load: Int, isSealed: Bool, since: MonotonicTime)
        /// One caller's alone. Left by ``finished(slot:)`` or a loss.
        case leased(since: MonotonicTime)
    }

    /// A connection lost sooner than this after it was made counts as a failed attempt.
    private static let shortestLifeNanoseconds: UInt64 = 1_000_000_000

    private let settings: Settings
    private(set) var phase = Phase.running
    private var slots: [Slot]
    private var backoff = Backoff()
    private var hasConnected = false
    /// Losses and failed attempts not yet made good by a connection.
    private var owedReconnects = 0
    private var queue: Deque<PostgresOperation> = []
    /// The operations of `queue` that still count; the others were cancelled and are skipped.
    private var waiting: Set<UInt64> = []

    init(settings: Settings) {
        self.settings = settings
        slots = Array(repeating: .empty, count: max(1, settings.size))
    }

    var waitingCount: Int { waiting.count }

    /// Connections at work for someone.
    var inUseCount: Int {
        slots.count { slot in
            switch slot {
            case .leased: true
            case .ready(let load, _, _): load > 0
            case .empty, .opening: false
            }
        }
    }

    /// A connection is up, or the last attempt to make one succeeded.
    var isReachable: Bool { isAnyUp || (hasConnected && backoff.failures == 0) }

    /// When ``next(now:)`` has something to do although nothing happens before.
    var deadline: MonotonicTime? {
        let retryAt = wantsConnection ? backoff.notBefore : nil
        guard let waitEnd = queue.first?.waitDeadline else { return retryAt }
        return retryAt.map { min($0, waitEnd) } ?? waitEnd
    }

    /// Puts an operation in the queue; the code says why it is refused.
    mutating func submit(_ operation: PostgresOperation) -> PostgresError.Code? {
        guard phase == .running else { return .shuttingDown }
        guard waiting.count < settings.maximumWaiting else { return .poolFull }
        waiting.insert(operation.id)
        queue.append(operation)
        return nil
    }

    /// Puts an operation that was assigned, and left no trace, in front of the queue again.
    mutating func retry(_ operation: PostgresOperation) {
        waiting.insert(operation.id)
        queue.prepend(operation)
    }

    /// The operation's caller went away; nothing happens if it does not wait.
    mutating func cancel(_ id: UInt64) {
        waiting.remove(id)
        if queue.count > 2 * max(waiting.count, 32) { queue.removeAll { !waiting.contains($0.id) } }
    }

    /// A connection is up; true if it makes good a loss or a failed attempt.
    mutating func connected(slot: Int, now: MonotonicTime) -> Bool {
        guard slots.indices.contains(slot), case .opening = slots[slot] else { return false }
        slots[slot] = .ready(load: 0, isSealed: false, since: now)
        hasConnected = true
        backoff.succeeded()
        guard owedReconnects > 0 else { return false }
        owedReconnects -= 1
        return true
    }

    /// A connection broke, or could not be made.
    mutating func lost(slot: Int, now: MonotonicTime, jitter: Double) {
        guard slots.indices.contains(slot) else { return }
        switch slots[slot] {
        case .empty:
            return
        case .opening:
            backoff.failed(at: now, jitter: jitter)
        case .ready(_, _, let since), .leased(let since):
            if now.nanoseconds(since: since) < Self.shortestLifeNanoseconds { backoff.failed(at: now, jitter: jitter) }
        }
        slots[slot] = .empty
        owedReconnects = min(owedReconnects + 1, slots.count)
    }

    /// One operation of the connection is done with, or its lease is over.
    mutating func finished(slot: Int) {
        guard slots.indices.contains(slot) else { return }
        switch slots[slot] {
        case .empty, .opening:
            break
        case .ready(let load, let isSealed, let since):
            let rest = max(0, load - 1)
            slots[slot] = .ready(load: rest, isSealed: isSealed && rest > 0, since: since)
        case .leased(let since):
            slots[slot] = .ready(load: 0, isSealed: false, since: since)
        }
    }

    mutating func shutDown() {
        if phase == .running { phase = .draining }
    }

    /// Empties the queue at the end.
    mutating func takeWaiting() -> [PostgresOperation] {
        defer {
            queue.removeAll()
            waiting.removeAll()
        }
        return queue.filter { waiting.contains($0.id) }
    }
}

extension PoolStateMachine {
    /// What is to be done now; `nil` when nothing is.
    mutating func next(now: MonotonicTime) -> Action? {
        guard phase != .stopped else { return nil }
        while let first = queue.first, !waiting.contains(first.id) { queue.removeFirst() }
        if let first = queue.first {
            if first.waitDeadline <= now {
                take(first)
                return .fail(first, isAnyUp ? .poolTimeout : .notConnected)
            }
            if let slot = slot(for: first) {
                take(first)
                return .assign(first, slot: slot)
            }
        }
        if wantsConnection, backoff.isDue(now), let slot = emptySlot {
            slots[slot] = .opening
            return .open(slot: slot)
        }
        return phase == .draining && queue.isEmpty ? drain() : nil
    }

    private mutating func take(_ operation: PostgresOperation) {
        queue.removeFirst()
        waiting.remove(operation.id)
    }

    /// Finds a place for the operation and counts it there.
    private mutating func slot(for operation: PostgresOperation) -> Int? {
        guard let slot = idleSlot ?? (operation.sharing == .exclusive ? nil : sharedSlot),
            case .ready(let load, _, let since) = slots[slot]
        else { return nil }
        switch operation.sharing {
        case .exclusive: slots[slot] = .leased(since: since)
        case .last: slots[slot] = .ready(load: load + 1, isSealed: true, since: since)
        case .shared: slots[slot] = .ready(load: load + 1, isSealed: false, since: since)
        }
        return slot
    }

    private var idleSlot: Int? {
        slots.firstIndex { if case .ready(load: 0, _, _) = $0 { true } else { false } }
    }

    /// The connection with the shortest pipeline, once there is no hope of an idle one soon.
    private var sharedSlot: Int? {
        guard openingCount == 0, emptySlot == nil || backoff.failures > 0 else { return nil }
        var best: (slot: Int, load: Int)?
        for (slot, state) in slots.enumerated() {
            guard case .ready(let load, false, _) = state, load < settings.pipelineDepth else { continue }
            if load < best?.load ?? .max { best = (slot, load) }
        }
        return best?.slot
    }

    private var emptySlot: Int? {
        slots.firstIndex { if case .empty = $0 { true } else { false } }
    }

    private var openingCount: Int {
        slots.count { if case .opening = $0 { true } else { false } }
    }

    private var isAnyUp: Bool {
        slots.contains { slot in
            switch slot {
            case .ready, .leased: true
            case .empty, .opening: false
            }
        }
    }

    /// One connection is always kept, or sought; more are made as operations wait. While attempts fail there is only
    /// one at a time.
    private var wantsConnection: Bool {
        guard phase == .running || !waiting.isEmpty, emptySlot != nil else { return false }
        if openingCount == 0 { return !isAnyUp || !waiting.isEmpty }
        return backoff.failures == 0 && waiting.count > openingCount
    }

    private mutating func drain() -> Action? {
        for (slot, state) in slots.enumerated() {
            switch state {
            case .opening, .ready(load: 0, _, _):
                slots[slot] = .empty
                return .close(slot: slot)
            case .empty, .ready, .leased:
                continue
            }
        }
        guard inUseCount == 0 else { return nil }
        phase = .stopped
        return .stop
    }
}
