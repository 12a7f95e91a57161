internal import ChatCore
internal import NIOCore

/// Decides whether a backend is called (`contract/webhook.md`, 'Time and isolation').
///
/// What counts as a failure is the caller's to say: connections that fail or break off, time-outs, answers of 5xx, and
/// answers that are not what the contract allows. An answer of 4xx or `event: error`, a call that we gave up ourselves,
/// and one that never left this process are no sign of the backend's health and count as nothing at all.
struct CircuitBreaker: Sendable {
    typealias Settings = SessionType.CircuitBreaker

    enum State: Hashable, Sendable {
        /// Calls go through; so many in a row have failed. Ends in `open` when they are too many.
        case closed(failures: Int)
        /// Calls fail at once. Ends in `halfOpen` with the first call after its time, in `closed` when a health check
        /// succeeds.
        case open(since: NIODeadline)
        /// Some calls go through to see how the backend is. Ends in `closed` when enough of them, or a health check,
        /// succeeded, in `open` when one failed.
        case halfOpen(probes: Set<UInt64>, successes: Int)
    }

    enum Kind: Hashable, Sendable {
        case call
        /// Goes through in every state, as it asks what the breaker wants to know.
        case healthCheck
    }

    /// A call that went through; to be handed back with its outcome.
    struct Ticket: Hashable, Sendable {
        fileprivate let number: UInt64
        fileprivate let period: UInt64
        fileprivate let kind: Kind
    }

    enum Outcome: Hashable, Sendable {
        case success, failure
        /// Says nothing about the backend.
        case uncounted
    }

    private(set) var state: State = .closed(failures: 0)
    /// Counts the changes of state, except those of numbers: calls of an earlier period decide nothing any more.
    private var period: UInt64 = 0
    private var lastNumber: UInt64 = 0
    /// Probes whose answers have begun and not ended since: one that breaks off opens the circuit again.
    private var begun: Set<UInt64> = []

    /// How long a call would have to wait at least; `nil` when one would go through now.
    func refusal(of kind: Kind, _ settings: Settings, at now: NIODeadline) -> TimeAmount? {
        guard kind == .call else { return nil }
        switch state {
        case .closed: return nil
        case .open(let since):
            let ends = since + .seconds(Int64(settings.openSeconds))
            return now < ends ? ends - now : nil
        case .halfOpen(let probes, let successes):
            // Whether one of the probes ends sooner nobody knows.
            return probes.count < settings.halfOpenMaxCalls - successes || probes.isEmpty ? nil : .seconds(1)
        }
    }

    enum Admission: Hashable {
        case admitted(Ticket)
        case refused(retryAfter: TimeAmount)
    }

    /// A call is about to be made.
    mutating func admit(_ kind: Kind, _ settings: Settings, at now: NIODeadline) -> Admission {
        if let wait = refusal(of: kind, settings, at: now) { return .refused(retryAfter: wait) }
        lastNumber += 1
        if kind == .call {
            switch state {
            case .closed: break
            case .open: change(to: .halfOpen(probes: [lastNumber], successes: 0))
            case .halfOpen(var probes, let successes):
                probes.insert(lastNumber)
                state = .halfOpen(probes: probes, successes: successes)
            }
        }
        return .admitted(Ticket(number: lastNumber, period: period, kind: kind))
    }

    /// A call has begun to get a proper answer: enough for a probe, as others should not have to wait for its end, unless
    /// it breaks off.
    mutating func answered(_ ticket: Ticket, _ settings: Settings) {
        guard ticket.period == period, case .halfOpen(let probes, _) = state, probes.contains(ticket.number) else {
            return
        }
        begun.insert(ticket.number)
        probeSucceeded(ticket, settings)
    }

    /// A call has ended.
    mutating func ended(_ ticket: Ticket, _ outcome: Outcome, _ settings: Settings, at now: NIODeadline) {
        let hasBegun = begun.remove(ticket.number) != nil
        if hasBegun, outcome == .failure, case .closed = state { return change(to: .open(since: now)) }
        guard ticket.period == period else { return }
        switch (state, outcome) {
        case (.closed, .success): state = .closed(failures: 0)
        case (.closed(let failures), .failure):
            if failures + 1 < settings.failureThreshold {
                state = .closed(failures: failures + 1)
            } else {
                change(to: .open(since: now))
            }
        case (.open, .success): change(to: .closed(failures: 0))
        case (.halfOpen, .success): probeSucceeded(ticket, settings)
        case (.halfOpen, .failure): change(to: .open(since: now))
        case (.halfOpen(var probes, let successes), .uncounted):
            probes.remove(ticket.number)
            state = .halfOpen(probes: probes, successes: successes)
        case (.closed, .uncounted), (.open, .failure), (.open, .uncounted): break
        }
    }

    private mutating func probeSucceeded(_ ticket: Ticket, _ settings: Settings) {
        guard case .halfOpen(var probes, var successes) = state else { return }
        if probes.remove(ticket.number) != nil { successes += 1 }
        if ticket.kind == .healthCheck || successes >= settings.halfOpenMaxCalls {
            change(to: .closed(failures: 0))
        } else {
            state = .halfOpen(probes: probes, successes: successes)
        }
    }

    private mutating func change(to state: State) {
        self.state = state
        period += 1
        if case .open = state { begun = [] }
    }
}
