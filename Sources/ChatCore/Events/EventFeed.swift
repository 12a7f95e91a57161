/// Puts one client's push events in order on one gateway: each exactly once, by `seq`, whatever the bus repeats, loses or
/// turns round. What is missing is read back from the event log.
///
/// A value-type machine: inputs say what happened, the action says what to do; I/O is the caller's.
public struct EventFeed: Sendable {
    /// How many events that came early are kept while the gap before them is read back; more are read back as well.
    public static let maximumEarlyEvents = 256
    /// What their payloads may take together.
    public static let maximumEarlyBytes = 4 << 20

    private enum State {
        /// Everything up to `position` was delivered; exits to `catchingUp` when an event is missing.
        case live
        /// A read of the log is under way; exits to `live` when it reached the end. `again` when something happened
        /// that this read may not have seen.
        case catchingUp(again: Bool)
    }

    public enum Action: Sendable, Equatable {
        case none
        case deliver([PushEvent])
        /// Deliver these, then read the log after that `seq` and call ``readBack(_:reachedEnd:)`` or ``readBackFailed()``.
        case deliverAndReadBack([PushEvent], after: Int64)
    }

    /// The `seq` of the last event delivered.
    public private(set) var position: Int64
    private var state: State
    private var early: [Int64: PushEvent] = [:]
    private var earlyBytes = 0

    /// - Parameter position: where the log ended when the feed began, after its channel was subscribed.
    public init(position: Int64) {
        self.position = position
        self.state = .live
    }

    /// An event came over the bus.
    public mutating func arrived(_ event: PushEvent) -> Action {
        guard event.seq > position else { return .none }
        if case .live = state, event.seq == position + 1 {
            position = event.seq
            return .deliver([event])
        }
        keep(event)
        return startReading(delivering: [])
    }

    /// The bus was away and is back: events may have been lost without a trace.
    public mutating func restored() -> Action {
        startReading(delivering: [])
    }

    /// The log was read after ``position``. `reachedEnd` is false when there may be more than what was read.
    public mutating func readBack(_ events: [PushEvent], reachedEnd: Bool) -> Action {
        guard case .catchingUp(let again) = state else { return .none }
        var ordered: [PushEvent] = []
        for event in events where event.seq > position {
            position = event.seq
            ordered.append(event)
        }
        while let next = early[position + 1] {
            position = next.seq
            ordered.append(next)
        }
        dropEarly(through: position)
        state = .live
        if !reachedEnd || again { return startReading(delivering: ordered) }
        // What is still missing is not in the log any more: go on with what there is.
        for event in early.values.sorted(by: { $0.seq < $1.seq }) {
            position = event.seq
            ordered.append(event)
        }
        dropEarly(through: .max)
        return ordered.isEmpty ? .none : .deliver(ordered)
    }

    /// The log could not be read; try again later by ``restored()``.
    public mutating func readBackFailed() {
        state = .live
    }

    /// Keeps an event that came early, as far as there is room for it.
    private mutating func keep(_ event: PushEvent) {
        let bytes = event.payload.utf8.count
        guard early[event.seq] == nil, early.count < Self.maximumEarlyEvents,
            earlyBytes + bytes <= Self.maximumEarlyBytes
        else { return }
        early[event.seq] = event
        earlyBytes += bytes
    }

    private mutating func dropEarly(through seq: Int64) {
        early = early.filter { $0.key > seq }
        earlyBytes = early.values.reduce(0) { $0 + $1.payload.utf8.count }
    }

    private mutating func startReading(delivering events: [PushEvent]) -> Action {
        if case .catchingUp = state {
            state = .catchingUp(again: true)
            return .none
        }
        state = .catchingUp(again: false)
        return .deliverAndReadBack(events, after: position)
    }
}
