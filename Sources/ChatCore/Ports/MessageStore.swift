/// Keeps the message tree and the streams that write into it. The rules of `contract/semantics.md`, 'Message tree', hold
/// whatever calls are made, from however many nodes at once: the database enforces them.
///
/// Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach before anything was sent.
/// When the connection is lost while a transaction was being committed, ``UnknownOutcomeError`` is its
/// `underlyingError`: the work may or may not have been done.
public protocol MessageStore: Sendable {
    /// - Returns: `nil` when the client has no such session.
    /// - Throws: ``ChatError`` `INVALID_REQUEST` for a cursor that is not one of this list.
    func messages(_ query: MessageQuery) async throws -> Page<Message>?

    /// A message of the client's, or one of a guest's own branch while the share it was written by is in force. A message
    /// that is streaming shows the content of its last checkpoint.
    func message(_ id: MessageID, of client: ClientID) async throws -> Message?

    /// Writes the user message and the empty streaming answer, their flags, the session's `updated_at`, the push event of
    /// the user message and the lease of the stream, in one transaction.
    func beginExchange(_ exchange: NewExchange) async throws -> ExchangeOutcome

    /// Saves what a running stream has so far, unless more is saved already: a checkpoint that was given up may come late.
    /// `false` when this node owns the stream no longer.
    func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool

    /// Ends a stream: content, state, push event and the end of the lease in one transaction.
    ///
    /// - Returns: `nil` when this node owns the stream no longer: somebody else has ended it, and nothing was written.
    func finishStream(_ end: StreamEnd) async throws -> Message?
}

/// Which messages of a session, and which page of them.
public struct MessageQuery: Hashable, Sendable {
    public enum Path: String, Sendable {
        /// From the active root along the active children, from the root on.
        case active
        /// Every message, by creation.
        case all
    }

    public var clientID: ClientID
    public var sessionID: SessionID
    public var path: Path
    /// Only children of this message (with ``Path/all``), or the active path below it (with ``Path/active``).
    public var parentMessageID: MessageID?
    /// 1…1000.
    public var limit: Int
    public var isDescending: Bool
    public var cursor: PageCursor?

    public init(
        clientID: ClientID,
        sessionID: SessionID,
        path: Path = .active,
        parentMessageID: MessageID? = nil,
        limit: Int = 100,
        isDescending: Bool = false,
        cursor: PageCursor? = nil
    ) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.path = path
        self.parentMessageID = parentMessageID
        self.limit = limit
        self.isDescending = isDescending
        self.cursor = cursor
    }
}

/// A user message and the answer that is to be streamed under it.
public struct NewExchange: Sendable {
    public enum Parent: Hashable, Sendable {
        /// The leaf of the active path; none in an empty session.
        case activeLeaf
        case message(MessageID)
    }

    public var clientID: ClientID
    public var authorID: String
    public var sessionID: SessionID
    /// The type that answers.
    public var sessionTypeID: SessionTypeID
    public var parent: Parent
    public var userMessageID: MessageID
    public var content: [ContentPart]
    public var fileURLs: [String]
    public var responseMessageID: MessageID
    /// The node that will run the stream.
    public var nodeID: NodeID
    /// How many of the newest messages of the path to return as history; `nil` for all.
    public var historyLimit: Int?
    public var idempotency: IdempotencyKey?
    /// Set when the author is not the owner: what is written then never changes the owner's active path, and the parent
    /// must be the leaf of that path or a message of the guest's own.
    public var guest: Guest?
    /// Set when the request may wait.
    public var place: WaitingPlace?

    public init(
        clientID: ClientID,
        authorID: String,
        sessionID: SessionID,
        sessionTypeID: SessionTypeID,
        parent: Parent,
        userMessageID: MessageID,
        content: [ContentPart],
        fileURLs: [String],
        responseMessageID: MessageID,
        nodeID: NodeID,
        historyLimit: Int?,
        idempotency: IdempotencyKey?,
        guest: Guest? = nil,
        place: WaitingPlace? = nil
    ) {
        self.clientID = clientID
        self.authorID = authorID
        self.sessionID = sessionID
        self.sessionTypeID = sessionTypeID
        self.parent = parent
        self.userMessageID = userMessageID
        self.content = content
        self.fileURLs = fileURLs
        self.responseMessageID = responseMessageID
        self.nodeID = nodeID
        self.historyLimit = historyLimit
        self.idempotency = idempotency
        self.guest = guest
        self.place = place
    }
}

/// What makes a repeated operation recognisable: the key is the caller's, the digest stands for what was asked.
public struct IdempotencyKey: Hashable, Sendable {
    public var clientID: ClientID
    public var key: String
    /// Equal for equal requests.
    public var digest: String

    public init(clientID: ClientID, key: String, digest: String) {
        self.clientID = clientID
        self.key = key
        self.digest = digest
    }
}

public enum ExchangeOutcome: Sendable {
    /// Committed. `history` is the path from the root to the parent of the user message, inclusive, oldest first,
    /// without messages that are empty and incomplete.
    case begun(userMessage: Message, response: Message, history: [Message])
    /// This key was used for the same request before: its messages, and nothing was written now.
    case repeated(userMessageID: MessageID, responseMessageID: MessageID)
    /// The key was used for another request.
    case keyReused
    case sessionNotFound
    /// The parent named is no message of this session.
    case parentNotFound
    /// The message to hang under is still being streamed, and the request may not wait.
    case parentStreaming(MessageID)
    /// A guest may read the parent, but not write under it.
    case parentNotForGuests
    /// The request may wait, and has to: the message to hang under is still being streamed, or others that came before
    /// wait for the same. This is its place.
    case waits(ticket: Int64)
    /// It has to wait, and has just come; ``WaitingLine/maximumPlaces`` wait already.
    case lineFull
}

/// The partial content of a running stream.
public struct StreamCheckpoint: Sendable {
    public var clientID: ClientID
    public var messageID: MessageID
    public var nodeID: NodeID
    public var content: [ContentPart]
    /// Chunks contained in `content`.
    public var chunks: Int

    public init(clientID: ClientID, messageID: MessageID, nodeID: NodeID, content: [ContentPart], chunks: Int) {
        self.clientID = clientID
        self.messageID = messageID
        self.nodeID = nodeID
        self.content = content
        self.chunks = chunks
    }
}

/// How a stream ended, and with what.
public struct StreamEnd: Sendable {
    public var clientID: ClientID
    public var messageID: MessageID
    public var nodeID: NodeID
    /// Never `streaming`.
    public var state: Message.State
    public var content: [ContentPart]
    public var chunks: Int
    public var metadata: JSONObject
    /// W3C `traceparent` of the request that began the stream, passed on to a backend that is told of its end.
    public var traceparent: String?

    public init(
        clientID: ClientID,
        messageID: MessageID,
        nodeID: NodeID,
        state: Message.State,
        content: [ContentPart],
        chunks: Int,
        metadata: JSONObject,
        traceparent: String? = nil
    ) {
        self.clientID = clientID
        self.messageID = messageID
        self.nodeID = nodeID
        self.state = state
        self.content = content
        self.chunks = chunks
        self.metadata = metadata
        self.traceparent = traceparent
    }
}

/// The connection was lost while a transaction was being committed: it may have been done or not.
public struct UnknownOutcomeError: Error, Sendable {
    public let underlyingError: any Error

    public init(underlyingError: any Error) {
        self.underlyingError = underlyingError
    }

    /// Does what has an idempotency key, by which a confirmation that was lost is asked for again: done once more, it is
    /// either done now or found to be done already.
    static func resolved<Outcome>(_ begin: () async throws -> Outcome) async throws -> Outcome {
        do {
            return try await begin()
        } catch let error as ChatError where error.underlyingError is UnknownOutcomeError {
            return try await begin()
        }
    }
}
