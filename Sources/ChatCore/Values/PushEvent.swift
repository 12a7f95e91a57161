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
}
