import ChatCore
import Metrics
import NIOCore
import Synchronization

/// Commands from any task, pipelined on one connection.
///
/// Whatever is asked for in one turn of the event loop is written together and flushed once; a connection that is
/// slow to take it is not written to until it is writable again.
final class CommandPipeline: RedisTraffic {
    private typealias Waiter = CheckedContinuation<RedisReply, any Error>

    private struct State {
        var queue: CommandQueue<Waiter>
        var channel: (any Channel)?
    }

    private static let batchBytes = 64 << 10

    private let state: Mutex<State>
    private let nextID = Atomic<UInt64>(1)
    private let timeout: TimeAmount

    init(configuration: RedisConfiguration) {
        self.timeout = TimeAmount(configuration.commandTimeout)
        self.state = Mutex(
            State(
                queue: CommandQueue(
                    maximumCommands: configuration.maximumQueuedCommands,
                    maximumBytes: configuration.maximumQueuedBytes
                )
            )
        )
    }

    var isConnected: Bool {
        state.withLock { $0.queue.isOpen }
    }

    /// Sends a command and returns its answer.
    ///
    /// - Throws: ``ChatCore/SignalBusError``: `notConnected` or `queueFull` at once, `timedOut`, `connectionLost` when
    ///   it is unknown whether the command was executed, `refused` when the server answers with an error. On
    ///   cancellation `CancellationError` at once, though the command may be executed.
    func perform(_ command: ByteBuffer) async throws -> RedisReply {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).newValue
        let deadline = NIODeadline.now() + timeout
        let reply = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enqueue(command, id: id, waiter: continuation, deadline: deadline)
                // A cancellation before the command was queued found nothing to cancel.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        if case .error(let text) = reply { throw SignalBusError(.refused, text) }
        return reply
    }

    private func enqueue(_ command: ByteBuffer, id: UInt64, waiter: Waiter, deadline: NIODeadline) {
        let (action, channel) = state.withLock {
            ($0.queue.enqueue(command, id: id, waiter: waiter, deadline: deadline), $0.channel)
        }
        switch action {
        case .none:
            break
        case .wake:
            channel?.eventLoop.execute { self.sendWaiting() }
        case .fail(let code):
            waiter.resume(
                throwing: SignalBusError(code, code == .queueFull ? "too many commands wait" : "no connection")
            )
        }
    }

    private func cancel(_ id: UInt64) {
        let waiter = state.withLock { $0.queue.cancel(id: id) }
        waiter?.resume(throwing: CancellationError())
    }

    // MARK: On the event loop

    private func sendWaiting() {
        guard let channel = state.withLock({ $0.channel }) else { return }
        var hasWritten = false
        while channel.isWritable, let batch = state.withLock({ $0.queue.takeBatch(targetBytes: Self.batchBytes) }) {
            channel.write(batch, promise: nil)
            hasWritten = true
        }
        if hasWritten { channel.flush() }
        if let deadline = state.withLock({ $0.queue.deadlineForTimer() }) {
            setTimer(on: channel.eventLoop, at: deadline)
        }
    }

    private func setTimer(on eventLoop: any EventLoop, at deadline: NIODeadline) {
        eventLoop.scheduleTask(deadline: deadline) {
            let (waiters, next) = self.state.withLock { $0.queue.expire(at: eventLoop.now) }
            for waiter in waiters {
                waiter.resume(throwing: SignalBusError(.timedOut, "no answer in time"))
            }
            if let next { self.setTimer(on: eventLoop, at: next) }
        }
    }

    func connected(_ channel: any Channel) {
        state.withLock { state in
            state.queue.connected()
            state.channel = channel
        }
    }

    func received(_ reply: RedisReply) throws(RedisConnectionError) {
        switch state.withLock({ $0.queue.replied() }) {
        case .none: break
        case .resume(let waiter): waiter.resume(returning: reply)
        case .violation: throw .protocolViolation("a reply to no command")
        }
    }

    func readCompleted() {}

    func writabilityChanged() {
        sendWaiting()
    }

    func send(_ control: RedisControl) {
        guard let bytes = try? control == .ping ? RedisCommand.ping() : RedisCommand.quit() else { return }
        _ = state.withLock { $0.queue.enqueueControl(bytes, isLast: control == .quit) }
        sendWaiting()
    }

    func disconnected() {
        let lost = state.withLock { state in
            state.channel = nil
            return state.queue.disconnected()
        }
        for waiter in lost.sent {
            waiter.resume(throwing: SignalBusError(.connectionLost, "the connection was lost before the answer"))
        }
        for waiter in lost.unsent {
            waiter.resume(
                throwing: SignalBusError(.notConnected, "the connection was lost before the command was sent")
            )
        }
    }
}
