internal import ChatCore
internal import NIOCore
internal import Synchronization

/// Keeps each session type within its `max_connections`, so that a slow backend takes no connection from another.
///
/// A call that finds them all in use waits its turn, for as long as its own bound allows.
final class ConnectionLimiter: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>
    private typealias Slots = ConnectionSlots<Waiter>

    private let maximumWaiting: Int
    private let slots = Mutex<[SessionTypeID: Slots]>([:])

    /// At most `maximumWaiting` calls wait for a slot of one session type.
    init(maximumWaiting: Int) {
        self.maximumWaiting = maximumWaiting
    }

    /// Waits for a free slot, `time` long from `start` on; the caller gives it back with ``release(_:)``.
    ///
    /// - Throws: ``BackendFailure`` when none becomes free in time or too many wait already; `CancellationError`.
    func acquire(
        _ sessionType: SessionType,
        within time: TimeAmount,
        from start: NIODeadline,
        on eventLoop: any EventLoop
    ) async throws {
        let action = slots.withLock {
            $0[sessionType.id, default: Slots(maximumWaiting: maximumWaiting)].request(
                limit: sessionType.maxConnections
            )
        }
        switch action {
        case .granted: return
        case .refuse: throw BackendFailure(.overloaded(milliseconds: nil), "Too many calls wait for a connection")
        case .wait(let ticket):
            let timer = eventLoop.scheduleTask(deadline: start + time) { [self] in
                giveUp(ticket, of: sessionType.id, Self.timeout(time))
            }
            defer { timer.cancel() }
            try await wait(ticket, of: sessionType.id, within: time)
        }
    }

    /// Gives a slot back.
    func release(_ id: SessionTypeID) {
        let granted = slots.withLock { slots in
            let granted = slots[id]?.release() ?? []
            if slots[id]?.isUnused == true { slots[id] = nil }
            return granted
        }
        for waiter in granted { waiter.resume() }
    }

    private func wait(_ ticket: Slots.Ticket, of id: SessionTypeID, within time: TimeAmount) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: Waiter) in
                switch slots.withLock({ $0[id]?.wait(waiter, ticket: ticket) }) {
                case .granted?: waiter.resume()
                case .wait?: break
                case .givenUp?, nil:
                    waiter.resume(throwing: Task.isCancelled ? CancellationError() : Self.timeout(time))
                }
            }
        } onCancel: {
            giveUp(ticket, of: id, CancellationError())
        }
    }

    private func giveUp(_ ticket: Slots.Ticket, of id: SessionTypeID, _ error: any Error) {
        slots.withLock { $0[id]?.giveUp(ticket) }?.resume(throwing: error)
    }

    private static func timeout(_ time: TimeAmount) -> BackendFailure {
        BackendFailure(.overloaded(milliseconds: time.milliseconds), "No connection became free in time")
    }
}
