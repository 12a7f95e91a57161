/// What a backend is told after it has happened (`contract/webhook.md`): nobody waits for an answer.
public struct BackgroundEvent: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Our side cut off an answer; what was kept of it.
        case messageAborted(MessageID, partialContent: [ContentPart])
        case sessionDeleted
        case messageReaction(MessageID, user: ClientID, Reaction, previous: Reaction)
    }

    /// As the member `event` of the body says.
    public enum Name: String, CaseIterable, Sendable {
        case messageAborted = "message.aborted"
        case sessionDeleted = "session.deleted"
        case messageReaction = "message.reaction"
    }

    public var sessionID: SessionID
    public var kind: Kind
    public var happenedAt: Timestamp

    public init(_ kind: Kind, in session: SessionID, at happenedAt: Timestamp) {
        self.sessionID = session
        self.kind = kind
        self.happenedAt = happenedAt
    }

    public var name: Name {
        switch kind {
        case .messageAborted: .messageAborted
        case .sessionDeleted: .sessionDeleted
        case .messageReaction: .messageReaction
        }
    }
}
