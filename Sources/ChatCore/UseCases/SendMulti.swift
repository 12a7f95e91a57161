/// Sends one user message to several session types at once (`contract/semantics.md`, 'Send multi'): every answer becomes
/// a variant under it, in the order of the request, the first one active. The session's own type does not change.
public struct SendMulti: Sendable {
    private let sessions: any SessionStore
    private let sessionTypes: any SessionTypeStore
    private let exchanges: any MultiExchangeStore
    let leases: any StreamLeaseStore
    let streams: StreamServices
    private let bell: OutboxBell

    public init(
        sessions: any SessionStore,
        sessionTypes: any SessionTypeStore,
        exchanges: any MultiExchangeStore,
        leases: any StreamLeaseStore,
        streams: StreamServices,
        bell: OutboxBell
    ) {
        self.sessions = sessions
        self.sessionTypes = sessionTypes
        self.exchanges = exchanges
        self.leases = leases
        self.streams = streams
        self.bell = bell
    }

    public struct Response: Sendable {
        public let sessionTypeID: SessionTypeID
        public let message: Message?
        public let error: ChatError?
    }

    public struct Outcome: Sendable {
        public let userMessage: Message
        /// In the order of the request.
        public let responses: [Response]
    }

    /// Returns when every answer has ended. The answers run on when the calling task is cancelled.
    ///
    /// - Parameter keyed: set when the request may be sent again: what an earlier attempt has written is its answer, once
    ///   all of it has ended.
    /// - Throws: ``ChatError`` when nothing was written: `SESSION_NOT_FOUND`, `MESSAGE_NOT_FOUND` (the parent), `NOT_FOUND`
    ///   (a session type), `INVALID_REQUEST` (a capability), `CONFLICT` (the parent is streaming), `SERVICE_UNAVAILABLE`.
    public func callAsFunction(
        _ request: SendMultiRequest,
        session id: SessionID,
        caller: Caller,
        traceparent: String? = nil,
        keyed: KeyedRequest? = nil
    ) async throws -> Outcome {
        guard let session = try await sessions.session(id, of: caller.clientID) else {
            throw ChatError.sessionNotFound(id)
        }
        let types = try await types(of: request)
        let capabilities = try session.capabilities(
            enabled: request.enabledCapabilityIDs,
            field: "enabled_capabilities"
        )
        let exchange = exchange(request, session: session, types: types, caller: caller, keyed: keyed)
        let further = types.dropFirst().map { FurtherAnswer(messageID: .make(), sessionTypeID: $0.id) }
        let userMessage: Message
        let responses: [Message]
        let history: [Message]
        let outcome = try await UnknownOutcomeError.resolved {
            try await exchanges.beginExchange(exchange, furtherAnswers: further)
        }
        switch outcome {
        case .begun(let message, let answers, let path): (userMessage, responses, history) = (message, answers, path)
        case .refused(.repeated(let userMessageID, _)):
            return try await storedOutcome(of: userMessageID, in: session, types: types)
        case .refused(let outcome): throw outcome.refusal(session: session.id, parent: request.parentMessageID)
        }
        bell.ring()
        let answers = zip(types, responses).map { type, response in
            let answerRequest = AnswerRequest(
                kind: .new(messageID: userMessage.id, content: request.content, fileURLs: request.fileURLs),
                sessionType: type,
                sessionID: session.id,
                responseMessageID: response.id,
                sessionMetadata: session.metadata,
                enabledCapabilities: capabilities,
                history: type.historyLimit.map { Array(history.suffix($0)) } ?? history,
                traceparent: traceparent
            )
            let stream = RunningStream(
                identity: StreamIdentity(answerRequest, clientID: session.clientID),
                request: answerRequest,
                services: streams
            )
            streams.registry.start(stream)
            return stream
        }
        var ended: [Response] = []
        for (type, answer) in zip(types, answers) {
            switch await answer.waitForOutcome() {
            case .ended(let result, let error):
                ended.append(Response(sessionTypeID: type.id, message: result.message, error: error))
            case .takenOver, .gone:
                let error = Message.State.interrupted.error
                ended.append(Response(sessionTypeID: type.id, message: nil, error: error))
            }
        }
        return Outcome(userMessage: userMessage, responses: ended)
    }

    private func types(of request: SendMultiRequest) async throws -> [SessionType] {
        var types: [SessionType] = []
        for (index, id) in request.sessionTypeIDs.enumerated() {
            guard let type = try await sessionTypes.sessionType(id) else {
                throw ChatError.sessionTypeNotFound(id, field: "session_type_ids[\(index)]")
            }
            types.append(type)
        }
        return types
    }

    /// As much as the one of them needs that needs most; `nil` for all.
    static func historyLimit(of types: [SessionType]) -> Int? {
        let limits = types.compactMap(\.historyLimit)
        return limits.count == types.count ? limits.max() : nil
    }

    private func exchange(
        _ request: SendMultiRequest,
        session: Session,
        types: [SessionType],
        caller: Caller,
        keyed: KeyedRequest?
    ) -> NewExchange {
        let now = Timestamp.now
        return NewExchange(
            clientID: caller.clientID,
            authorID: caller.clientID.rawValue,
            sessionID: session.id,
            sessionTypeID: types.first?.id ?? session.sessionTypeID,
            parent: request.parentMessageID.map { .message($0) } ?? .activeLeaf,
            userMessageID: .make(at: now),
            content: request.content,
            fileURLs: request.fileURLs,
            responseMessageID: .make(at: now),
            nodeID: streams.node.id,
            historyLimit: Self.historyLimit(of: types),
            // Without a key of the client's told apart from every other exchange, so that a confirmation that was lost can
            // be asked for again.
            idempotency: keyed?.idempotencyKey
                ?? IdempotencyKey(clientID: caller.clientID, key: MessageID.make(at: now).description, digest: "multi")
        )
    }
}
