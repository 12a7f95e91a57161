/// An entry of a client's event log: what happened, numbered without gaps per client (`contract/semantics.md`,
/// 'Push events').
public struct PushEvent: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case messageCreated = "message.created"
        case sessionUpdated = "session.updated"
    }

    public var clientID: ClientID
    /// 1 for a client's first event.
    public var seq: Int64
    public var kind: Kind
    /// The payload as JSON text, without `seq`: `{"session_id":…,"message":…}` or `{"session_id":…,"updates":…}`.
    public var payload: String
    public var createdAt: Timestamp

    public init(clientID: ClientID, seq: Int64, kind: Kind, payload: String, createdAt: Timestamp) {
        self.clientID = clientID
        self.seq = seq
        self.kind = kind
        self.payload = payload
        self.createdAt = createdAt
    }

    /// The payload as clients get it, by whatever way: with `seq` in it.
    public var numberedPayload: String {
        // An object the engine wrote, never an empty one: `{…}` becomes `{…,"seq":n}`.
        "\(payload.dropLast()),\"seq\":\(seq)}"
    }
}

/// A stretch of a client's event log, bounded by number and by the length of its payloads: whoever reads the log holds no
/// more than this of it at a time.
public struct EventPage: Hashable, Sendable {
    /// How long the payloads of a page are together at most, unless it is a single event.
    public static let maximumPayloadBytes = 8 << 20

    public var events: [PushEvent]
    /// There was nothing more in the log when the page was read.
    public var reachesEnd: Bool

    public init(events: [PushEvent], reachesEnd: Bool) {
        self.events = events
        self.reachesEnd = reachesEnd
    }
}
