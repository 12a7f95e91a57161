/// Has an answer generated anew: a further variant beside it, which becomes the active one (`message.recreate`).
public struct RecreateMessage: Sendable {
    private let store: any RecreationStore
    private let directory: any StreamDirectory
    private let streams: StreamServices
    private let busyStreams: BusyStreams
    private let graceSeconds: Int

    /// - Parameter graceSeconds: how long a stream that is to be cancelled with its client waits for it.
    public init(
        store: any RecreationStore,
        directory: any StreamDirectory,
        streams: StreamServices,
        busyStreams: BusyStreams,
        graceSeconds: Int
    ) {
        self.store = store
        self.directory = directory
        self.streams = streams
        self.busyStreams = busyStreams
        self.graceSeconds = graceSeconds
    }

    /// Validates the request and writes the new answer; nothing is written when it is refused. The session's type of now
    /// answers. Guests may have answers of their own branches recreated.
    ///
    /// - Parameters:
    ///   - idempotencyKey: the envelope's id; the same key and request start nothing twice.
    ///   - turn: when it may be begun.
    /// - Throws: ``ChatError``: `MESSAGE_NOT_FOUND`, `INVALID_REQUEST` (the message is no answer, or a capability the
    ///   session does not have), `CONFLICT` (the answer is streaming, or the key was used for another request),
    ///   `RATE_LIMIT_EXCEEDED` (too many wait for the answer), `SERVICE_UNAVAILABLE`.
    public func callAsFunction(
        _ request: RecreateMessageRequest,
        caller: Caller,
        idempotencyKey: String,
        turn: BeginningTurn,
        traceparent: String? = nil
    ) async throws -> StreamBeginning {
        let (owner, guest) = try await access(of: caller, to: request.messageID)
        guard let (message, session, type) = try await store.messageInSession(request.messageID, of: owner) else {
            throw ChatError.messageNotFound(request.messageID)
        }
        guard message.role == .assistant else { throw Self.notAnAnswer }
        let capabilities = try session.capabilities(
            enabled: request.enabledCapabilityIDs,
            field: "payload.enabled_capabilities"
        )
        await turn.comes(in: session.id)
        var recreation = NewRecreation(
            clientID: owner,
            sessionID: session.id,
            sessionTypeID: type.id,
            authorID: caller.clientID.rawValue,
            guest: guest,
            messageID: message.id,
            responseMessageID: .make(),
            nodeID: streams.node.id,
            historyLimit: type.historyLimit,
            idempotency: IdempotencyKey(clientID: caller.clientID, key: idempotencyKey, digest: request.digest),
            place: nil
        )
        let outcome = try await busyStreams.carryOut(
            request.wishes.onBusy,
            in: WaitingLine(clientID: owner, sessionID: session.id, messageID: message.id),
            caller: caller,
            placed: turn.over,
            attempt: { place in
                recreation.place = place
                return try await UnknownOutcomeError.resolved { try await store.beginRecreation(recreation) }
            },
            obstacle: { $0.obstacle(message.id) }
        )
        switch outcome {
        case .begun(let response, let history):
            let answer = AnswerRequest(
                kind: .recreate(messageID: message.id),
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
                graceSeconds: request.wishes.onDisconnect == .cancel ? graceSeconds : nil
            )
        case .repeated(let responseMessageID):
            return .repeated(userMessageID: nil, messageID: responseMessageID, sessionID: session.id)
        case .keyReused: throw ChatError(.conflict, "This id was used for another request.")
        case .messageNotFound: throw ChatError.messageNotFound(request.messageID)
        case .notAnAnswer: throw Self.notAnAnswer
        case .lineFull: throw ChatError.lineFull
        case .streaming, .waits:
            throw ChatError(
                .conflict,
                "The answer to replace is still being streamed.",
                resourceID: message.id.description
            )
        }
    }

    private static var notAnAnswer: ChatError {
        .invalid("payload.message_id", "The message is no answer.", .invalidValue)
    }

    private func access(of caller: Caller, to id: MessageID) async throws -> (owner: ClientID, guest: Guest?) {
        guard let owner = try await directory.owner(ofMessage: id, by: caller.clientID), owner != caller.clientID,
            let guest = try await store.guest(ofMessage: id, in: owner)
        else { return (caller.clientID, nil) }
        return (owner, guest)
    }
}

extension RecreationOutcome {
    fileprivate func obstacle(_ id: MessageID) -> BusyStreams.Obstacle {
        switch self {
        case .streaming: .stream(id)
        case .waits(let ticket): .line(ticket: ticket)
        default: .none
        }
    }
}
