/// A request that says nothing more than which session it is about.
public struct SessionReference: ReadableRequest, Hashable {
    public var sessionID: SessionID

    public init(sessionID: SessionID) {
        self.sessionID = sessionID
    }

    public init?(from reader: inout ObjectReader) {
        guard let sessionID = reader.sessionID() else { return nil }
        self.sessionID = sessionID
    }
}

/// A request that says nothing more than which message it is about.
public struct MessageReference: ReadableRequest, Hashable {
    public var messageID: MessageID

    public init(messageID: MessageID) {
        self.messageID = messageID
    }

    public init?(from reader: inout ObjectReader) {
        guard let messageID = reader.identifier("message_id", required: true, as: MessageID.self) else { return nil }
        self.messageID = messageID
    }
}

extension ObjectReader {
    /// The session that a request is about.
    mutating func sessionID() -> SessionID? { identifier("session_id", required: true, as: SessionID.self) }
}
