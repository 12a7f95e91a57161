internal import ChatCore
internal import Logging
internal import Metrics
internal import NIOCore
internal import Synchronization

/// The circuit breakers of this process: one for each session type, and one more for a summary service beside its
/// webhook, which fails on its own.
///
/// As many as ``maximumKept`` are kept, and their states are metrics; those whose backends are well make room.
final class CircuitBreakers: Sendable {
    static let maximumKept = 1000

    /// A call that went through; to be handed back with its outcome.
    struct Pass: Sendable {
        fileprivate let circuit: Circuit
        fileprivate let entry: UInt64
        fileprivate let ticket: CircuitBreaker.Ticket
        fileprivate let settings: CircuitBreaker.Settings
    }

    private struct Entry {
        let number: UInt64
        /// Calls of the same circuit to elsewhere are to another backend, whose failures are not this one's.
        let url: String
        let metrics: CircuitMetrics
        var breaker = CircuitBreaker()
        var lastUse: UInt64
    }

    private struct Kept {
        var entries: [Circuit: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let kept = Mutex(Kept())
    private let factory: any MetricsFactory
    private let logger: Logger
    private let now: @Sendable () -> NIODeadline

    init(factory: any MetricsFactory, logger: Logger, now: @escaping @Sendable () -> NIODeadline) {
        self.factory = factory
        self.logger = logger
        self.now = now
    }

    /// Looks whether a call would go through, so that one that would not fails before it waits for anything.
    ///
    /// - Throws: ``BackendFailure`` when it would not.
    func check(_ call: WebhookCall) throws(BackendFailure) {
        let wait = kept.withLock { kept -> TimeAmount? in
            guard let entry = kept.entries[call.circuit], entry.url == call.url else { return nil }
            return entry.breaker.refusal(of: call.circuitKind, call.sessionType.circuitBreaker, at: now())
        }
        if let wait { throw Self.refusal(wait) }
    }

    /// Lets a call through that is about to be made.
    ///
    /// - Throws: ``BackendFailure`` while the circuit is open.
    func admit(_ call: WebhookCall) throws(BackendFailure) -> Pass {
        let settings = call.sessionType.circuitBreaker
        let (admission, number, change) = kept.withLock { kept in
            var entry = entry(of: call, in: &kept)
            let before = CircuitPosition(entry.breaker.state)
            let admission = entry.breaker.admit(call.circuitKind, settings, at: now())
            let change = entry.metrics.changed(from: before, to: CircuitPosition(entry.breaker.state))
            kept.entries[call.circuit] = entry
            return (admission, entry.number, change)
        }
        if let change { log(change, call.circuit) }
        switch admission {
        case .refused(let wait): throw Self.refusal(wait)
        case .admitted(let ticket):
            return Pass(circuit: call.circuit, entry: number, ticket: ticket, settings: settings)
        }
    }

    /// The call has begun to get a proper answer.
    func answered(_ pass: Pass) {
        settle(pass) { $0.answered(pass.ticket, pass.settings) }
    }

    /// The call has ended.
    func ended(_ pass: Pass, _ outcome: CircuitBreaker.Outcome) {
        settle(pass) { $0.ended(pass.ticket, outcome, pass.settings, at: now()) }
    }

    private func settle(_ pass: Pass, _ settle: (inout CircuitBreaker) -> Void) {
        let change = kept.withLock { kept -> CircuitPosition? in
            guard var entry = kept.entries[pass.circuit], entry.number == pass.entry else { return nil }
            let before = CircuitPosition(entry.breaker.state)
            settle(&entry.breaker)
            let change = entry.metrics.changed(from: before, to: CircuitPosition(entry.breaker.state))
            kept.entries[pass.circuit] = entry
            return change
        }
        if let change { log(change, pass.circuit) }
    }

    /// The entry of the backend that is called, a new one if there is none yet; used now.
    private func entry(of call: WebhookCall, in kept: inout Kept) -> Entry {
        kept.uses += 1
        let known = kept.entries[call.circuit]
        if var known, known.url == call.url {
            known.lastUse = kept.uses
            return known
        }
        if known == nil, kept.entries.count >= Self.maximumKept { makeRoom(in: &kept) }
        let metrics = known?.metrics ?? CircuitMetrics(call.circuit, factory: factory)
        metrics.changed(from: nil, to: .closed)
        return Entry(number: kept.uses, url: call.url, metrics: metrics, lastUse: kept.uses)
    }

    /// Lets go of the backend that is well and was called longest ago, whose breaker would start again as it is; where none
    /// is well, of one that is not kept from calls, and else of any.
    private func makeRoom(in kept: inout Kept) {
        func rank(_ state: CircuitBreaker.State) -> Int {
            switch state {
            case .closed(failures: 0): 0
            case .closed: 1
            case .halfOpen, .open: 2
            }
        }
        let oldest = kept.entries.min { one, other in
            (rank(one.value.breaker.state), one.value.lastUse) < (rank(other.value.breaker.state), other.value.lastUse)
        }
        guard let oldest else { return }
        kept.entries.removeValue(forKey: oldest.key)?.metrics.remove()
    }

    private static func refusal(_ wait: TimeAmount) -> BackendFailure {
        let seconds = Int((wait.nanoseconds + 999_999_999) / 1_000_000_000)
        return BackendFailure(.circuitOpen, "The circuit is open", retryAfterSeconds: max(1, seconds))
    }

    private func log(_ change: CircuitPosition, _ circuit: Circuit) {
        let metadata: Logger.Metadata = [
            "session_type_id": "\(circuit.sessionTypeID)", "backend": "\(circuit.target)",
        ]
        switch change {
        case .open: logger.warning("A backend's circuit opened", metadata: metadata)
        case .halfOpen: logger.info("A backend is being probed", metadata: metadata)
        case .closed: logger.notice("A backend's circuit closed", metadata: metadata)
        }
    }
}

/// Which calls share a circuit breaker.
struct Circuit: Hashable, Sendable {
    let sessionTypeID: SessionTypeID
    let isSummaryService: Bool

    var target: String { isSummaryService ? "summary_service" : "webhook" }
}

extension WebhookCall {
    var circuit: Circuit {
        Circuit(sessionTypeID: sessionType.id, isSummaryService: url != sessionType.webhookURL)
    }

    fileprivate var circuitKind: CircuitBreaker.Kind { event == .healthCheck ? .healthCheck : .call }
}

/// A breaker's state as metrics and the log tell it.
enum CircuitPosition: Int, Sendable {
    case closed = 0
    case halfOpen = 1
    case open = 2

    init(_ state: CircuitBreaker.State) {
        switch state {
        case .closed: self = .closed
        case .halfOpen: self = .halfOpen
        case .open: self = .open
        }
    }
}

/// The metrics of one circuit breaker.
private struct CircuitMetrics {
    private let state: Meter
    private let openings: Counter

    init(_ circuit: Circuit, factory: any MetricsFactory) {
        let dimensions = [
            ("session_type_id", circuit.sessionTypeID.description), ("backend", circuit.target),
        ]
        state = Meter(label: "chat_engine_backend_circuit_state", dimensions: dimensions, factory: factory)
        openings = Counter(
            label: "chat_engine_backend_circuit_openings_total",
            dimensions: dimensions,
            factory: factory
        )
    }

    /// Tells of a change, and returns what it was to; `nil` when there was none.
    @discardableResult
    func changed(from before: CircuitPosition?, to position: CircuitPosition) -> CircuitPosition? {
        guard before != position else { return nil }
        state.set(position.rawValue)
        if position == .open { openings.increment() }
        return position
    }

    func remove() {
        state.destroy()
        openings.destroy()
    }
}
