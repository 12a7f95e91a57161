internal import NIOCore

/// One request and its answer, between the event loop that receives and the task that consumes.
///
/// `Waiter` is the task that waits for the next part, `Gate` what holds the connection back from reading more. The
/// machine performs nothing: each input says what is to be done once the lock around it is released.
struct ExchangeStateMachine<Waiter: Sendable, Gate: Sendable>: Sendable {
    enum State: Sendable {
        /// The answer is under way, or awaited. Ends in every other state.
        case open(Open)
        /// The consumer has what it wants; the rest, if it is short, is thrown away, so that the connection can serve
        /// another call. Ends in `closed`.
        case draining(bytesLeft: Int, until: NIODeadline)
        /// The answer ended (`nil`) or broke off; the parts that came before are still to be taken. Ends in `closed`.
        case ended(CircularBuffer<ExchangePart>, BackendFailure?)
        /// Given up by our side, for the error that the consumer is to see; or drained.
        case closed(any Error)
    }

    struct Open: Sendable {
        var parts = CircularBuffer<ExchangePart>(initialCapacity: 4)
        var bufferedBytes = 0
        var waiter: Waiter?
        var gate: Gate?
        /// Since when the backend keeps the consumer waiting; `nil` while the consumer is busy.
        var waitingSince: NIODeadline?
        /// How long it kept it waiting before.
        var waited = TimeAmount.zero
    }

    private(set) var state: State
    private let bounds: ExchangeBounds
    private let deadline: NIODeadline
    private let readAheadBytes: Int

    /// The wait for the head begins at `startedAt`.
    init(bounds: ExchangeBounds, startedAt: NIODeadline, readAheadBytes: Int) {
        self.bounds = bounds
        self.readAheadBytes = readAheadBytes
        deadline = startedAt + bounds.whole
        var open = Open()
        open.waitingSince = startedAt
        state = .open(open)
    }

    // MARK: The connection

    enum ReceiveAction {
        /// Hand the part to the consumer; read on.
        case resume(Waiter, ExchangePart)
        /// Hand the part to the consumer; read on when the gate opens.
        case resumeAndHold(Waiter, ExchangePart, Gate)
        /// Read on.
        case proceed
        /// Read on when the gate opens.
        case hold(Gate)
        /// Nobody wants this: close the connection.
        case close
    }

    /// `makeGate` gives what can hold the connection back, if there is something.
    mutating func received(_ part: ExchangePart, at now: NIODeadline, makeGate: () -> Gate?) -> ReceiveAction {
        switch state {
        case .open(var open):
            state = .ended([], nil)  // lets `open` be changed in place
            defer { state = .open(open) }
            let waiter = open.waiter.take()
            if waiter == nil {
                open.parts.append(part)
                open.bufferedBytes += part.byteCount
            } else {
                open.endWait(at: now)
            }
            let gate = open.bufferedBytes < readAheadBytes ? nil : makeGate()
            open.gate = gate
            switch (waiter, gate) {
            case (nil, nil): return .proceed
            case (nil, let gate?): return .hold(gate)
            case (let waiter?, nil): return .resume(waiter, part)
            case (let waiter?, let gate?): return .resumeAndHold(waiter, part, gate)
            }
        case .draining(let bytesLeft, let until):
            guard part.byteCount <= bytesLeft else { return .close }
            state = .draining(bytesLeft: bytesLeft - part.byteCount, until: until)
            return .proceed
        case .ended, .closed:
            return .close
        }
    }

    enum EndAction {
        case none
        case resume(Waiter, BackendFailure?)
    }

    /// The answer has ended, or broke off for `failure`.
    mutating func ended(_ failure: BackendFailure?) -> EndAction {
        switch state {
        case .open(let open):
            if let waiter = open.waiter {
                state = .ended([], failure)
                return .resume(waiter, failure)
            }
            state = .ended(open.parts, failure)
        case .draining:
            state = .closed(CancellationError())
        case .ended, .closed:
            break
        }
        return .none
    }

    enum TimerAction {
        case none
        case again(NIODeadline)
        /// Close the connection.
        case expire(Waiter?, BackendFailure)
    }

    /// The timer fired, which it does at the latest one silence after the wait began that it is to bound.
    mutating func timerFired(at now: NIODeadline) -> TimerAction {
        switch state {
        case .open(let open):
            let silenceEnds = (open.waitingSince ?? now) + bounds.silence
            guard now >= min(silenceEnds, deadline) else { return .again(min(silenceEnds, deadline)) }
            let failure = now >= deadline ? tookTooLong(open, at: now) : wasSilent
            state = .ended(open.parts, failure)
            return .expire(open.waiter, failure)
        case .draining(_, let until):
            guard now >= until else { return .none }
            let failure = BackendFailure(.incomplete, "The answer went on after its end")
            state = .closed(failure)
            return .expire(nil, failure)
        case .ended, .closed:
            return .none
        }
    }

    private var wasSilent: BackendFailure {
        BackendFailure(.timeout(milliseconds: bounds.silence.milliseconds), "The backend was silent for too long")
    }

    private func tookTooLong(_ open: Open, at now: NIODeadline) -> BackendFailure {
        var failure = BackendFailure(.timeout(milliseconds: bounds.whole.milliseconds), "The answer took too long")
        let waited = open.waited + (open.waitingSince.map { now - $0 } ?? .zero)
        failure.isBackendsFault = waited * 2 >= bounds.whole
        return failure
    }

    // MARK: The consumer

    enum TakeAction {
        case part(ExchangePart, open: Gate?)
        case end
        case fail(any Error)
        /// Nothing is there yet; the waiter, if one was given, is kept.
        case wait(open: Gate?)
    }

    /// The consumer wants the next part; without a waiter it only looks whether one is there.
    mutating func take(waiter: Waiter?, at now: NIODeadline) -> TakeAction {
        switch state {
        case .open(var open):
            state = .ended([], nil)  // lets `open` be changed in place
            defer { state = .open(open) }
            if let part = open.parts.popFirst() {
                open.endWait(at: now)
                open.bufferedBytes -= part.byteCount
                return .part(part, open: open.bufferedBytes < readAheadBytes ? open.gate.take() : nil)
            }
            guard waiter != nil else { return .wait(open: nil) }
            open.waiter = waiter
            open.waitingSince = open.waitingSince ?? now
            return .wait(open: open.gate.take())
        case .ended(var parts, let failure):
            if let part = parts.popFirst() {
                state = .ended(parts, failure)
                return .part(part, open: nil)
            }
            if let failure { return .fail(failure) }
            return .end
        case .draining:
            return .end
        case .closed(let error):
            return .fail(error)
        }
    }

    enum DrainAction {
        case none
        /// Let the rest come and go, and let the timer fire when its time is over.
        case drain(open: Gate?)
    }

    /// The consumer has what it wants; at most `bytes` of the rest are waited for, until the moment given.
    mutating func drain(bytes: Int, until: NIODeadline) -> DrainAction {
        guard case .open(let open) = state else { return .none }
        state = .draining(bytesLeft: max(0, bytes - open.bufferedBytes), until: until)
        return .drain(open: open.gate)
    }

    enum AbandonAction {
        case none
        case close(Waiter?)
    }

    /// The consumer wants no more; whoever waits sees `error`.
    mutating func abandon(_ error: any Error) -> AbandonAction {
        switch state {
        case .open(let open):
            state = .closed(error)
            return .close(open.waiter)
        case .draining, .ended:
            state = .closed(error)
            return .close(nil)
        case .closed:
            return .none
        }
    }
}

extension ExchangeStateMachine.Open {
    fileprivate mutating func endWait(at now: NIODeadline) {
        if let waitingSince { waited = waited + (now - waitingSince) }
        waitingSince = nil
    }
}

extension ExchangePart {
    fileprivate var byteCount: Int {
        switch self {
        case .head: 0
        case .body(let buffer): buffer.readableBytes
        }
    }
}
