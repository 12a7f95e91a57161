/// Has the active path of a session summarized and the summary kept in the session's metadata (`session.summarize`).
public struct SummarizeSession: Sendable {
    private let sessions: any SessionStore
    private let summaries: any SummaryStore
    private let streams: StreamServices

    public init(sessions: any SessionStore, summaries: any SummaryStore, streams: StreamServices) {
        self.sessions = sessions
        self.summaries = summaries
        self.streams = streams
    }

    /// Validates the request and writes the run; nothing is written when it is refused.
    ///
    /// - Parameters:
    ///   - idempotencyKey: the envelope's id; the same key and request start nothing twice.
    ///   - turn: when it may be begun.
    /// - Throws: ``ChatError``: `SESSION_NOT_FOUND`, `INVALID_REQUEST` (a capability the session does not have, or its type
    ///   summarizes nothing), `CONFLICT` (the key was used for another request), `SERVICE_UNAVAILABLE`.
    public func callAsFunction(
        _ request: SummarizeSessionRequest,
        caller: Caller,
        idempotencyKey: String,
        turn: BeginningTurn,
        traceparent: String? = nil
    ) async throws -> StreamBeginning {
        guard let (session, type) = try await sessions.sessionWithType(request.sessionID, of: caller.clientID) else {
            throw ChatError.sessionNotFound(request.sessionID)
        }
        guard type.summarization?.enabled != false else {
            throw ChatError.invalid(
                "payload.session_id",
                "The type of this session does not summarize.",
                .invalidValue
            )
        }
        let capabilities = try session.capabilities(
            enabled: request.enabledCapabilityIDs,
            field: "payload.enabled_capabilities"
        )
        await turn.comes(in: session.id)
        let summary = NewSummary(
            clientID: session.clientID,
            sessionID: session.id,
            summaryID: .make(),
            nodeID: streams.node.id,
            historyLimit: type.historyLimit,
            idempotency: IdempotencyKey(clientID: caller.clientID, key: idempotencyKey, digest: request.digest)
        )
        switch try await UnknownOutcomeError.resolved({ try await summaries.beginSummary(summary) }) {
        case .begun(let history):
            let answer = AnswerRequest(
                kind: .summary,
                sessionType: type,
                sessionID: session.id,
                responseMessageID: summary.summaryID,
                sessionMetadata: session.metadata,
                enabledCapabilities: capabilities,
                history: history,
                traceparent: traceparent
            )
            return streams.begun(answer, owner: session.clientID, store: summaries)
        case .repeated(let summaryID):
            return .repeated(userMessageID: nil, messageID: summaryID, sessionID: session.id)
        case .keyReused: throw ChatError(.conflict, "This id was used for another request.")
        case .sessionNotFound: throw ChatError.sessionNotFound(request.sessionID)
        }
    }
}
