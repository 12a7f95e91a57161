/// Sends a user message into a session and starts the stream of its answer on this node.
public struct SendMessage: Sendable {
    private let sessions: any SessionStore
    private let streams: StreamServices
    private let stopMessage: StopMessage

    public init(sessions: any SessionStore, streams: StreamServices, stopMessage: StopMessage) {
        self.sessions = sessions
        self.streams = streams
        self.stopMessage = stopMessage
    }

    /// What was written for a request.
    public enum Outcome: Sendable {
        /// The exchange is committed; ``start(_:sink:)`` calls the backend.
        case begun(Begun)
        /// The same request came before, by its idempotency key: these are its messages.
        case repeated(userMessageID: MessageID, responseMessageID: MessageID)
    }

    /// A committed exchange whose answer is to be generated.
    public struct Begun: Sendable {
        public let userMessage: Message
        public let response: Message
        let identity: StreamIdentity
        let request: AnswerRequest
    }

    /// Validates the request and writes the exchange; nothing is written when it is refused.
    ///
    /// - Parameter idempotencyKey: the envelope's id; the same key and request start nothing twice.
    /// - Throws: ``ChatError``: `SESSION_NOT_FOUND`, `MESSAGE_NOT_FOUND` (the parent), `INVALID_REQUEST` (a capability
    ///   the session does not have), `CONFLICT` (the parent is streaming, or the key was used for another request),
    ///   `SERVICE_UNAVAILABLE`.
    public func begin(
        _ request: SendMessageRequest,
        caller: Caller,
        idempotencyKey: String,
        traceparent: String? = nil
    ) async throws -> Outcome {
        guard let (session, type) = try await sessions.sessionWithType(request.sessionID, of: caller.clientID) else {
            throw ChatError.sessionNotFound(request.sessionID)
        }
        let capabilities = try session.capabilities(
            enabled: request.enabledCapabilityIDs,
            field: "payload.enabled_capabilities"
        )
        let exchange = newExchange(for: request, type: type, caller: caller, idempotencyKey: idempotencyKey)
        switch try await begin(exchange, onBusy: request.onBusy, caller: caller) {
        case .begun(let userMessage, let response, let history):
            return .begun(
                Begun(
                    userMessage: userMessage,
                    response: response,
                    identity: StreamIdentity(
                        clientID: session.clientID,
                        sessionID: session.id,
                        sessionTypeID: type.id,
                        messageID: response.id
                    ),
                    request: AnswerRequest(
                        kind: .new(messageID: userMessage.id, content: request.content, fileURLs: request.fileURLs),
                        sessionType: type,
                        sessionID: session.id,
                        responseMessageID: response.id,
                        sessionMetadata: session.metadata,
                        enabledCapabilities: capabilities,
                        history: history,
                        traceparent: traceparent
                    )
                )
            )
        case .repeated(let userMessageID, let responseMessageID):
            return .repeated(userMessageID: userMessageID, responseMessageID: responseMessageID)
        case let outcome: throw outcome.refusal(session: request.sessionID, parent: request.parentMessageID)
        }
    }

    /// Has the answer generated and handed to `sink`; returns at once, the stream runs in a task of its own.
    public func start(_ begun: Begun, sink: any StreamSink) {
        streams.registry.start(
            RunningStream(identity: begun.identity, request: begun.request, services: streams, sink: sink)
        )
    }

    private func newExchange(
        for request: SendMessageRequest,
        type: SessionType,
        caller: Caller,
        idempotencyKey: String
    ) -> NewExchange {
        let now = Timestamp.now
        return NewExchange(
            clientID: caller.clientID,
            authorID: caller.clientID.rawValue,
            sessionID: request.sessionID,
            sessionTypeID: type.id,
            parent: request.parentMessageID.map { .message($0) } ?? .activeLeaf,
            userMessageID: .make(at: now),
            content: request.content,
            fileURLs: request.fileURLs,
            responseMessageID: .make(at: now),
            nodeID: streams.node.id,
            historyLimit: type.historyLimit,
            idempotency: IdempotencyKey(clientID: caller.clientID, key: idempotencyKey, digest: request.digest)
        )
    }

    private func begin(
        _ exchange: NewExchange,
        onBusy: SendMessageRequest.OnBusy,
        caller: Caller
    ) async throws -> ExchangeOutcome {
        for _ in 0..<Self.interruptAttempts {
            let outcome = try await beginResolvingUnknownOutcome(exchange)
            guard case .parentStreaming(let id) = outcome, onBusy == .interrupt else { return outcome }
            _ = try await stopMessage(id, caller: caller)
        }
        return try await beginResolvingUnknownOutcome(exchange)
    }

    /// How often a stream in the way is stopped before the request is refused after all: others may be sending, too.
    private static let interruptAttempts = 3

    /// When the connection is lost in mid-commit, the idempotency key tells what became of it: sent once more, the
    /// exchange is either written now or found to be written already.
    private func beginResolvingUnknownOutcome(_ exchange: NewExchange) async throws -> ExchangeOutcome {
        do {
            return try await streams.messages.beginExchange(exchange)
        } catch let error as ChatError where error.underlyingError is UnknownOutcomeError {
            return try await streams.messages.beginExchange(exchange)
        }
    }
}
