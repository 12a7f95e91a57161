/// Sends a user message into a session and starts the stream of its answer on this node.
public struct SendMessage: Sendable {
    private let sessions: any SessionStore
    private let shares: any ShareStore
    private let streams: StreamServices
    private let busyStreams: BusyStreams
    private let graceSeconds: Int

    /// - Parameter graceSeconds: how long a stream that is to be cancelled with its client waits for it.
    public init(
        sessions: any SessionStore,
        shares: any ShareStore,
        streams: StreamServices,
        busyStreams: BusyStreams,
        graceSeconds: Int
    ) {
        self.sessions = sessions
        self.shares = shares
        self.streams = streams
        self.busyStreams = busyStreams
        self.graceSeconds = graceSeconds
    }

    /// Validates the request and writes the exchange; nothing is written when it is refused.
    ///
    /// - Parameters:
    ///   - idempotencyKey: the envelope's id; the same key and request start nothing twice.
    ///   - turn: when it may be begun.
    /// - Throws: ``ChatError``: `SESSION_NOT_FOUND`, `MESSAGE_NOT_FOUND` (the parent), `NOT_FOUND` (the share),
    ///   `FORBIDDEN` (a guest's parent), `INVALID_REQUEST` (a capability the session does not have), `CONFLICT` (the parent
    ///   is streaming, or the key was used for another request), `RATE_LIMIT_EXCEEDED` (too many wait for the parent),
    ///   `SERVICE_UNAVAILABLE`.
    public func callAsFunction(
        _ request: SendMessageRequest,
        caller: Caller,
        idempotencyKey: String,
        turn: BeginningTurn,
        traceparent: String? = nil
    ) async throws -> StreamBeginning {
        let (owner, guest) = try await access(of: caller, to: request)
        guard let (session, type) = try await sessions.sessionWithType(request.sessionID, of: owner) else {
            throw ChatError.sessionNotFound(request.sessionID)
        }
        let capabilities = try session.capabilities(
            enabled: request.enabledCapabilityIDs,
            field: "payload.enabled_capabilities"
        )
        await turn.comes(in: session.id)
        let now = Timestamp.now
        var exchange = NewExchange(
            clientID: owner,
            authorID: caller.clientID.rawValue,
            sessionID: session.id,
            sessionTypeID: type.id,
            parent: request.parentMessageID.map { .message($0) } ?? .activeLeaf,
            userMessageID: .make(at: now),
            content: request.content,
            fileURLs: request.fileURLs,
            responseMessageID: .make(at: now),
            nodeID: streams.node.id,
            historyLimit: type.historyLimit,
            idempotency: IdempotencyKey(
                clientID: caller.clientID,
                key: idempotencyKey,
                digest: request.digest
            ),
            guest: guest
        )
        let outcome = try await busyStreams.carryOut(
            request.wishes.onBusy,
            in: WaitingLine(clientID: owner, sessionID: session.id, messageID: request.parentMessageID),
            caller: caller,
            placed: turn.over,
            attempt: { place in
                exchange.place = place
                return try await UnknownOutcomeError.resolved { try await streams.messages.beginExchange(exchange) }
            },
            obstacle: \.obstacle
        )
        switch outcome {
        case .begun(let userMessage, let response, let history):
            let answer = AnswerRequest(
                kind: .new(messageID: userMessage.id, content: request.content, fileURLs: request.fileURLs),
                sessionType: type,
                sessionID: session.id,
                responseMessageID: response.id,
                sessionMetadata: session.metadata,
                enabledCapabilities: capabilities,
                history: history,
                traceparent: traceparent
            )
            return streams.begun(
                answer,
                owner: owner,
                userMessageID: userMessage.id,
                graceSeconds: request.wishes.onDisconnect == .cancel ? graceSeconds : nil
            )
        case .repeated(let userMessageID, let responseMessageID):
            return .repeated(userMessageID: userMessageID, messageID: responseMessageID, sessionID: session.id)
        default: throw outcome.refusal(session: session.id, parent: request.parentMessageID)
        }
    }

    /// Whose session it is, and the share the caller writes by when it is another's.
    private func access(
        of caller: Caller,
        to request: SendMessageRequest
    ) async throws -> (owner: ClientID, guest: Guest?) {
        guard let token = request.shareToken else { return (caller.clientID, nil) }
        let shared = try await OpenShare(shares: shares).share(token)
        guard shared.session.id == request.sessionID else { throw ChatError.sessionNotFound(request.sessionID) }
        let owner = shared.session.clientID
        return (owner, owner == caller.clientID ? nil : Guest(clientID: caller.clientID, shareID: shared.shareID))
    }
}

extension ExchangeOutcome {
    fileprivate var obstacle: BusyStreams.Obstacle {
        switch self {
        case .parentStreaming(let id): .stream(id)
        case .waits(let ticket): .line(ticket: ticket)
        default: .none
        }
    }
}
