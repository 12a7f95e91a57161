internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// One HTTP request to a backend and its answer, part by part, for one consuming task.
///
/// All that came of an answer is handed out before the failure that broke it off, however busy the consumer is.
final class WebhookExchange: HTTPClientResponseDelegate {
    typealias Response = Void
    private typealias Machine = ExchangeStateMachine<CheckedContinuation<ExchangePart?, any Error>, ReadGate>

    private struct Guarded {
        var machine: Machine
        var task: HTTPClient.Task<Void>?
        var timer: Scheduled<Void>?
        var wasSent = false
        var hasHead = false
    }

    /// The connection's, where callbacks come and the timer runs.
    private let eventLoop: any EventLoop
    private let bounds: ExchangeBounds
    private let guarded: Mutex<Guarded>
    private let finished: EventLoopPromise<Void>

    init(eventLoop: any EventLoop, bounds: ExchangeBounds, startedAt: NIODeadline, readAheadBytes: Int) {
        self.eventLoop = eventLoop
        self.bounds = bounds
        finished = eventLoop.makePromise()
        let machine = Machine(bounds: bounds, startedAt: startedAt, readAheadBytes: readAheadBytes)
        guarded = Mutex(Guarded(machine: machine))
    }

    /// Sends the request; to be called once.
    ///
    /// The client has no other event loop: what a connection reads goes straight to ``receive(_:)``, none of it waits
    /// between two loops to be lost when the connection breaks.
    func start(_ request: HTTPClient.Request, with client: HTTPClient) {
        eventLoop.execute { [self] in
            guard abandonedWith == nil else { return finished.succeed() }
            let task = client.execute(request: request, delegate: self, eventLoop: .delegate(on: eventLoop))
            guarded.withLock { $0.task = task }
            if let error = abandonedWith { task.fail(reason: error) }
            task.futureResult.whenComplete { [self] result in
                ended(result)
                finished.succeed()
            }
            timerFired()
        }
    }

    /// Calls `body` when the connection is free again or closed.
    func whenClosed(_ body: @escaping @Sendable () -> Void) {
        finished.futureResult.whenComplete { _ in body() }
    }

    /// The request has begun to go out, so that the backend may have seen it.
    var wasSent: Bool { guarded.withLock { $0.wasSent } }

    private var abandonedWith: (any Error)? {
        guarded.withLock { guarded in
            if case .closed(let error) = guarded.machine.state { error } else { nil }
        }
    }

    /// The next part of the answer, or `nil` at its end; the head comes first.
    ///
    /// - Throws: ``BackendFailure``, or the error the exchange was abandoned with.
    func next() async throws -> ExchangePart? {
        if let ready = try ready() { return ready }
        return try await withCheckedThrowingContinuation { continuation in
            switch guarded.withLock({ $0.machine.take(waiter: continuation, at: .now()) }) {
            case .part(let part, let gate):
                gate?.open()
                continuation.resume(returning: part)
            case .end: continuation.resume(returning: nil)
            case .fail(let error): continuation.resume(throwing: error)
            case .wait(let gate): gate?.open()
            }
        }
    }

    private func ready() throws -> ExchangePart? {
        switch guarded.withLock({ $0.machine.take(waiter: nil, at: .now()) }) {
        case .part(let part, let gate):
            gate?.open()
            return part
        case .fail(let error): throw error
        case .end, .wait: return nil
        }
    }

    /// The consumer has what it wants: lets a short rest of the answer pass, at most `bytes` in `time`, so that the
    /// connection can be used again.
    func drain(bytes: Int, within time: TimeAmount) {
        let until = NIODeadline.now() + time
        guard case .drain(let gate) = guarded.withLock({ $0.machine.drain(bytes: bytes, until: until) }) else { return }
        gate?.open()
        let timer = eventLoop.scheduleTask(deadline: until) { [self] in timerFired() }
        finished.futureResult.whenComplete { _ in timer.cancel() }
    }

    /// Gives the answer up and closes the connection; whoever waits in ``next()`` sees `error`.
    func abandon(_ error: any Error) {
        guard case .close(let waiter) = guarded.withLock({ $0.machine.abandon(error) }) else { return }
        close(error, waiter: waiter)
    }

    /// Waits until the connection is free again or closed: when this returns, the connection of an exchange that was
    /// given up is closed, not merely about to be.
    func closed() async {
        try? await finished.futureResult.get()
    }

    private func close(_ error: any Error, waiter: CheckedContinuation<ExchangePart?, any Error>?) {
        waiter?.resume(throwing: error)
        guarded.withLock { $0.task }?.fail(reason: error)
    }

    private func timerFired() {
        switch guarded.withLock({ $0.machine.timerFired(at: .now()) }) {
        case .none: break
        case .again(let deadline):
            let timer = eventLoop.scheduleTask(deadline: deadline) { [self] in timerFired() }
            guarded.withLock { $0.timer = timer }
        case .expire(let waiter, let failure):
            close(failure, waiter: waiter)
        }
    }

    private func ended(_ result: Result<Void, any Error>) {
        let (action, timer) = guarded.withLock { guarded in
            let failure: BackendFailure? =
                switch result {
                case .success: nil
                case .failure(let error):
                    BackendFailure(connectionError: error, bounds: bounds, hasHead: guarded.hasHead)
                }
            return (guarded.machine.ended(failure), guarded.timer.take())
        }
        timer?.cancel()
        guard case .resume(let waiter, let failure) = action else { return }
        if let failure { waiter.resume(throwing: failure) } else { waiter.resume(returning: nil) }
    }

    private func receive(_ part: ExchangePart) -> EventLoopFuture<Void> {
        switch guarded.withLock({ $0.machine.received(part, at: .now(), makeGate: { ReadGate.current }) }) {
        case .resume(let waiter, let part):
            waiter.resume(returning: part)
        case .resumeAndHold(let waiter, let part, let gate):
            gate.shut()
            waiter.resume(returning: part)
        case .proceed: break
        case .hold(let gate): gate.shut()
        case .close: return eventLoop.makeFailedFuture(HTTPClientError.cancelled)
        }
        return eventLoop.makeSucceededVoidFuture()
    }

    // MARK: HTTPClientResponseDelegate

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
        guarded.withLock { $0.wasSent = true }
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        guarded.withLock { $0.hasHead = true }
        return receive(.head(head))
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        receive(.body(buffer))
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {}
}

extension BackendFailure {
    /// A bound of time was exceeded, or that of waiting for room on a connection.
    var isForWantOfTime: Bool {
        switch reason {
        case .timeout, .overloaded: true
        default: false
        }
    }

    fileprivate init(connectionError error: any Error, bounds: ExchangeBounds, hasHead: Bool) {
        switch error as? HTTPClientError {
        case .getConnectionFromPoolTimeout?:
            // There are connections, with as many streams as the backend allows.
            self.init(
                .overloaded(milliseconds: bounds.connect.milliseconds),
                "No connection had room in time",
                underlyingError: error
            )
        case .connectTimeout?, .tlsHandshakeTimeout?:
            self.init(
                .timeout(milliseconds: bounds.connect.milliseconds),
                "No connection was established in time",
                underlyingError: error
            )
        default:
            self.init(
                hasHead ? .brokenOff : .connection,
                hasHead ? "The connection broke off" : "The connection failed",
                underlyingError: error
            )
        }
    }
}
