/// Writes further answers in place of others (`message.recreate`). Errors as in ``MessageStore``.
public protocol RecreationStore: Sendable {
    /// A message with its session and the session's type.
    func messageInSession(
        _ id: MessageID,
        of client: ClientID
    ) async throws -> (message: Message, session: Session, type: SessionType)?

    /// The share by which a guest wrote a message of the client's session; `nil` when the message is no guest's, or the
    /// share is no longer in force.
    func guest(ofMessage id: MessageID, in client: ClientID) async throws -> Guest?

    /// Writes an empty streaming answer beside the one to replace, under the same parent, makes it the active sibling, and
    /// gives it its lease, in one transaction.
    ///
    /// A guest's does not become the active sibling when that would change the owner's active path.
    func beginRecreation(_ recreation: NewRecreation) async throws -> RecreationOutcome
}

/// An answer to be written beside another.
public struct NewRecreation: Sendable {
    /// The owner of the session.
    public var clientID: ClientID
    public var sessionID: SessionID
    /// The type that answers.
    public var sessionTypeID: SessionTypeID
    public var authorID: String
    /// Set when the author is not the owner.
    public var guest: Guest?
    /// The answer to replace.
    public var messageID: MessageID
    public var responseMessageID: MessageID
    /// The node that will run the stream.
    public var nodeID: NodeID
    /// How many of the newest messages of the path to return as history; `nil` for all.
    public var historyLimit: Int?
    public var idempotency: IdempotencyKey
    /// Set when the request may wait.
    public var place: WaitingPlace?

    public init(
        clientID: ClientID,
        sessionID: SessionID,
        sessionTypeID: SessionTypeID,
        authorID: String,
        guest: Guest?,
        messageID: MessageID,
        responseMessageID: MessageID,
        nodeID: NodeID,
        historyLimit: Int?,
        idempotency: IdempotencyKey,
        place: WaitingPlace?
    ) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.sessionTypeID = sessionTypeID
        self.authorID = authorID
        self.guest = guest
        self.messageID = messageID
        self.responseMessageID = responseMessageID
        self.nodeID = nodeID
        self.historyLimit = historyLimit
        self.idempotency = idempotency
        self.place = place
    }
}

public enum RecreationOutcome: Sendable {
    /// Committed. The history ends with the parent, which is answered anew.
    case begun(response: Message, history: [Message])
    /// The same request came before; this was its answer.
    case repeated(responseMessageID: MessageID)
    /// The key was used for another request.
    case keyReused
    case messageNotFound
    /// The message is no answer.
    case notAnAnswer
    /// The answer to replace is still being streamed, and the request may not wait.
    case streaming
    /// As ``ExchangeOutcome/waits(ticket:)``.
    case waits(ticket: Int64)
    /// As ``ExchangeOutcome/lineFull``.
    case lineFull
}
