/// Reads a session page by page, as it stood when the reading began: messages that come later are not part of it, nor does
/// it leave its path when another becomes active.
///
/// Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol TranscriptStore: Sendable {
    /// - Returns: `nil` when the client has no such session.
    func transcript(of session: SessionID, client: ClientID, scope: ExportScope) async throws -> Transcript?

    /// The messages after `position`, from the first on when it is `nil`. A page is bounded in messages and in bytes, so
    /// that it fits into memory however long the session and its messages are.
    ///
    /// - Returns: `nil` when the session was deleted meanwhile.
    func page(of transcript: Transcript, after position: TranscriptPosition?) async throws -> TranscriptPage?
}

/// A session and which of its messages are to be read.
public struct Transcript: Hashable, Sendable {
    public var session: Session
    public var scope: ExportScope
    /// Where the reading ends: the leaf of the active path, or the newest message; `nil` in an empty session.
    public var lastMessageID: MessageID?

    public init(session: Session, scope: ExportScope, lastMessageID: MessageID?) {
        self.session = session
        self.scope = scope
        self.lastMessageID = lastMessageID
    }
}

/// A place between two messages.
public enum TranscriptPosition: Hashable, Sendable {
    /// On a path: after the message that stands this far from the root.
    case depth(Int)
    /// In the order of creation: after this message.
    case created(Timestamp, MessageID)
}

public struct TranscriptPage: Sendable {
    public var messages: [Message]
    /// Where the next page begins; `nil` after the last.
    public var next: TranscriptPosition?

    public init(messages: [Message], next: TranscriptPosition?) {
        self.messages = messages
        self.next = next
    }
}
