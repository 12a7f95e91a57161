/// The intelligence behind a session type: a webhook service that is asked over HTTP (`contract/webhook.md`).
public protocol Backend: Sendable {
    /// Tells the backend of a new session (`session.created`) and returns what it can do.
    ///
    /// - Throws: ``ChatError`` `BACKEND_ERROR` or `BACKEND_TIMEOUT`; nothing of the backend's words is in it.
    func sessionCreated(_ notice: SessionCreatedNotice) async throws -> [Capability]

    /// Asks the backend how it is (`session_type.health_check`) and returns what it says; a backend that says it is
    /// unhealthy has answered.
    ///
    /// - Parameter traceparent: W3C `traceparent` of the request that caused this, passed on.
    /// - Throws: as ``sessionCreated(_:)``.
    func checkHealth(of sessionType: SessionType, traceparent: String?) async throws -> BackendHealth

    /// Asks for an answer (`message.new`, `message.recreate`, `session.summary`) and hands over its events as they arrive.
    ///
    /// `handle` is awaited before more is read, so a handler that waits makes the connection's flow control reach the
    /// backend. Returns after a terminal event was handled: ``BackendEvent/complete(metadata:)``; every other way to
    /// end throws.
    ///
    /// Cancelling the calling task closes the connection to the backend before this method returns.
    ///
    /// - Throws: ``ChatError`` `BACKEND_ERROR` (refused, broken off, not understood, `event: error`) or
    ///   `BACKEND_TIMEOUT` (head, silence or whole duration over its bound); `CancellationError` when cancelled;
    ///   whatever `handle` throws.
    func streamAnswer(
        to request: AnswerRequest,
        handle: @Sendable (BackendEvent) async throws -> Void
    ) async throws
}

/// Takes background events to backends.
public protocol BackgroundBackend: Sendable {
    /// Makes one attempt, within one `timeout_seconds`; any answer with a status of success will do.
    ///
    /// - Parameters:
    ///   - id: the same in every attempt.
    ///   - traceparent: W3C `traceparent` of the request that caused this, passed on.
    /// - Throws: `CancellationError`.
    func notify(
        _ sessionType: SessionType,
        of event: BackgroundEvent,
        id: DeliveryID,
        traceparent: String?
    ) async throws -> NotificationOutcome
}

/// What came of an attempt to notify a backend; the reasons are for operators.
public enum NotificationOutcome: Hashable, Sendable {
    case delivered
    case failed(reason: String, retryAfterSeconds: Int?)
    /// The backend was not called: its circuit is open, or too many calls wait for it.
    case postponed(reason: String, retryAfterSeconds: Int)
}

/// What a backend's stream says.
public enum BackendEvent: Hashable, Sendable {
    case chunk(StreamChunk)
    /// The answer is whole; `metadata` as the backend gave it (for instance `usage`).
    case complete(metadata: JSONObject)
}

/// The body of `session.created`.
public struct SessionCreatedNotice: Sendable {
    public var sessionType: SessionType
    public var sessionID: SessionID
    public var clientID: ClientID
    /// Set when an existing session switches to this type.
    public var previousSessionTypeID: SessionTypeID?
    /// W3C `traceparent` of the request that caused this, passed on.
    public var traceparent: String?

    public init(
        sessionType: SessionType,
        sessionID: SessionID,
        clientID: ClientID,
        previousSessionTypeID: SessionTypeID? = nil,
        traceparent: String? = nil
    ) {
        self.sessionType = sessionType
        self.sessionID = sessionID
        self.clientID = clientID
        self.previousSessionTypeID = previousSessionTypeID
        self.traceparent = traceparent
    }
}

/// A request for a streamed answer.
public struct AnswerRequest: Sendable {
    public enum Kind: Hashable, Sendable {
        /// `message.new`: answer this user message.
        case new(messageID: MessageID, content: [ContentPart], fileURLs: [String])
        /// `message.recreate`: another answer in place of this one.
        case recreate(messageID: MessageID)
        /// `session.summary`: a summary of the history.
        case summary
    }

    public var kind: Kind
    public var sessionType: SessionType
    public var sessionID: SessionID
    /// The answer, or the run of the summary.
    public var responseMessageID: MessageID
    public var sessionMetadata: JSONObject
    public var enabledCapabilities: [Capability]
    /// The path from the root to the parent of the new message, oldest first; of a summary the whole active path.
    public var history: [Message]
    /// W3C `traceparent` of the request that caused this, passed on.
    public var traceparent: String?

    public init(
        kind: Kind,
        sessionType: SessionType,
        sessionID: SessionID,
        responseMessageID: MessageID,
        sessionMetadata: JSONObject,
        enabledCapabilities: [Capability],
        history: [Message],
        traceparent: String? = nil
    ) {
        self.kind = kind
        self.sessionType = sessionType
        self.sessionID = sessionID
        self.responseMessageID = responseMessageID
        self.sessionMetadata = sessionMetadata
        self.enabledCapabilities = enabledCapabilities
        self.history = history
        self.traceparent = traceparent
    }
}
