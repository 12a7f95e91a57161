import ChatCore
import DequeModule
import NIOCore

/// The commands of one connection, from being asked for to being answered; answers come in the order of sending.
///
/// `Waiter` is whoever awaits an answer. A command whose waiter left (timeout, cancellation) keeps its place once sent,
/// since its answer will still come, and is not sent at all otherwise.
struct CommandQueue<Waiter: Sendable>: Sendable {
    private struct Command {
        let id: UInt64
        /// Nil when nobody awaits the answer any more.
        var waiter: Waiter?
        /// Sent without a waiter, too: a liveness ping or the farewell.
        let isControl: Bool
        let deadline: NIODeadline
        let bytes: ByteBuffer
    }

    private struct Sent {
        let id: UInt64
        var waiter: Waiter?
        let deadline: NIODeadline
    }

    private enum State {
        /// Commands fail at once. Exit: `open`.
        case disconnected
        /// Exits: `closing`, `disconnected`.
        case open
        /// The farewell is queued: commands fail at once, answers still come. Exit: `disconnected`.
        case closing
    }

    enum EnqueueAction: Hashable {
        case none
        /// Have the event loop send what waits.
        case wake
        case fail(SignalBusError.Code)
    }

    private var state = State.disconnected
    private var waiting: Deque<Command> = []
    private var sent: Deque<Sent> = []
    private var waitingBytes = 0
    private var isWoken = false
    private var isTimerSet = false
    private let maximumCommands: Int
    private let maximumBytes: Int

    init(maximumCommands: Int, maximumBytes: Int) {
        self.maximumCommands = maximumCommands
        self.maximumBytes = maximumBytes
    }

    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    mutating func connected() {
        state = .open
    }

    mutating func enqueue(_ bytes: ByteBuffer, id: UInt64, waiter: Waiter, deadline: NIODeadline) -> EnqueueAction {
        guard isOpen else { return .fail(.notConnected) }
        guard waiting.count + sent.count < maximumCommands, waitingBytes + bytes.readableBytes <= maximumBytes else {
            return .fail(.queueFull)
        }
        append(Command(id: id, waiter: waiter, isControl: false, deadline: deadline, bytes: bytes))
        return wake()
    }

    /// A ping or, with `isLast`, the farewell; both are beyond the limits, which are there for callers.
    mutating func enqueueControl(_ bytes: ByteBuffer, isLast: Bool) -> EnqueueAction {
        guard isOpen else { return .none }
        append(Command(id: 0, waiter: nil, isControl: true, deadline: .distantFuture, bytes: bytes))
        if isLast { state = .closing }
        return wake()
    }

    private mutating func append(_ command: Command) {
        waiting.append(command)
        waitingBytes += command.bytes.readableBytes
    }

    private mutating func wake() -> EnqueueAction {
        defer { isWoken = true }
        return isWoken ? .none : .wake
    }

    private mutating func takeFirstWaiting() -> Command? {
        guard let command = waiting.popFirst() else { return nil }
        waitingBytes -= command.bytes.readableBytes
        return command
    }
}

// MARK: - Sending and answers

extension CommandQueue {
    /// The next bytes to write, of as many commands as begin within `targetBytes`; nil when nothing waits.
    mutating func takeBatch(targetBytes: Int) -> ByteBuffer? {
        var batch: ByteBuffer?
        while (batch?.readableBytes ?? 0) < targetBytes, let command = takeFirstWaiting() {
            guard command.waiter != nil || command.isControl else { continue }
            sent.append(Sent(id: command.id, waiter: command.waiter, deadline: command.deadline))
            if batch == nil {
                batch = command.bytes
            } else {
                batch?.writeImmutableBuffer(command.bytes)
            }
        }
        if batch == nil { isWoken = false }
        return batch
    }

    enum ReplyAction {
        case none
        case resume(Waiter)
        /// Nothing was asked.
        case violation
    }

    /// An answer arrived: it belongs to the oldest command sent.
    mutating func replied() -> ReplyAction {
        guard let command = sent.popFirst() else { return .violation }
        return command.waiter.map { .resume($0) } ?? .none
    }

    /// The connection is gone.
    ///
    /// - Returns: the waiters of commands that may have been executed, and of those that were not.
    mutating func disconnected() -> (sent: [Waiter], unsent: [Waiter]) {
        defer {
            state = .disconnected
            waiting.removeAll()
            sent.removeAll()
            waitingBytes = 0
            isWoken = false
        }
        return (sent.compactMap(\.waiter), waiting.compactMap(\.waiter))
    }
}

// MARK: - Giving up

extension CommandQueue {
    /// The caller was cancelled.
    mutating func cancel(id: UInt64) -> Waiter? {
        if let index = waiting.firstIndex(where: { $0.id == id }) { return waiting[index].waiter.take() }
        if let index = sent.firstIndex(where: { $0.id == id }) { return sent[index].waiter.take() }
        return nil
    }

    /// When ``expire(at:)`` is due, if no timer is set yet; one is set afterwards.
    mutating func deadlineForTimer() -> NIODeadline? {
        guard !isTimerSet, let deadline = firstDeadline else { return nil }
        isTimerSet = true
        return deadline
    }

    /// The timer fired.
    ///
    /// - Returns: the waiters whose time is over, and when to come back, if ever.
    mutating func expire(at now: NIODeadline) -> (waiters: [Waiter], next: NIODeadline?) {
        var expired: [Waiter] = []
        for index in sent.indices where sent[index].deadline <= now {
            if let waiter = sent[index].waiter.take() { expired.append(waiter) }
        }
        for index in waiting.indices where waiting[index].deadline <= now {
            if let waiter = waiting[index].waiter.take() { expired.append(waiter) }
        }
        let next = firstDeadline
        isTimerSet = next != nil
        return (expired, next)
    }

    /// All commands have the same time, so the oldest is due first.
    private var firstDeadline: NIODeadline? {
        sent.first { $0.waiter != nil }?.deadline ?? waiting.first { $0.waiter != nil }?.deadline
    }
}
