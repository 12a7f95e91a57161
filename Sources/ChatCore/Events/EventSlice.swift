/// The answer to a cursor into a client's event log: the events right after it, or that they cannot be told any more.
public struct EventSlice: Hashable, Sendable {
    /// In order and without a gap; empty when nothing has come, and with ``isResync``.
    public var events: [PushEvent]
    /// The cursor to go on from: the last event's `seq`, or the end of the log with ``isResync``.
    public var lastSeq: Int64
    /// Too much was missed, or the cursor is none of this log: the client is to read the state anew.
    public var isResync: Bool

    public init(events: [PushEvent], lastSeq: Int64, isResync: Bool = false) {
        self.events = events
        self.lastSeq = lastSeq
        self.isResync = isResync
    }

    static func resync(at end: Int64) -> EventSlice { EventSlice(events: [], lastSeq: end, isResync: true) }
}
