public import ChatCore

/// Further answers in place of others, in PostgreSQL.
public struct RecreationRepository: RecreationStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func messageInSession(
        _ id: MessageID,
        of client: ClientID
    ) async throws -> (message: Message, session: Session, type: SessionType)? {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    SELECT \(MessageColumns.list), \(SessionColumns.list), \(SessionTypeColumns.list)
                    FROM messages AS m
                    JOIN sessions AS s ON s.client_id = m.client_id AND s.session_id = m.session_id
                    JOIN session_types AS t ON t.session_type_id = s.session_type_id
                    WHERE m.client_id = $1 AND m.message_id = $2
                    """,
                    [.text(client.rawValue), .uuid(id.uuid)]
                )
            )
            guard let row = rows.first else { return nil }
            return (
                try row.message(at: 0), try row.session(at: MessageColumns.count),
                try row.sessionType(at: MessageColumns.count + SessionColumns.count)
            )
        }
    }

    public func guest(ofMessage id: MessageID, in client: ClientID) async throws -> Guest? {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    SELECT g.guest_id, g.share_id
                    FROM \(GuestAccess.grants)
                    WHERE g.client_id = $1 AND g.message_id = $2
                    """,
                    [.text(client.rawValue), .uuid(id.uuid)]
                )
            )
            guard let row = rows.first else { return nil }
            return Guest(clientID: try row.clientID(0), shareID: ShareID(try row.uuid(1)))
        }
    }

    /// One round trip, in the order of ``MessageRepository/beginExchange(_:)``.
    public func beginRecreation(_ recreation: NewRecreation) async throws -> RecreationOutcome {
        try await withPortErrors { try await KeySteps.settle { try await attempt(recreation) } }
    }

    private func attempt(_ recreation: NewRecreation) async throws -> RecreationOutcome? {
        let locks = ExchangeStatements.locks(recreation.sessionID, of: recreation.clientID, guest: recreation.guest)
        let results = try await client.transaction(
            locks + [RecreationStatements.history(recreation), RecreationStatements.write(recreation)]
        ).dropFirst(locks.count)
        guard let history = results.first, let row = results.last?.first else {
            throw PostgresError(.protocolViolation, "The recreation was answered without a verdict.")
        }
        switch try row.word(0, as: Verdict.self) {
        case .accepted:
            return .begun(response: try row.response(of: recreation), history: try history.history())
        case .claimedMeanwhile: return nil
        case .repeated:
            let responseID = MessageID(try row.uuid(1))
            if responseID == recreation.responseMessageID, let begun = try await begunBefore(recreation) {
                return begun
            }
            return .repeated(responseMessageID: responseID)
        case .keyReused: return .keyReused
        case .messageNotFound: return .messageNotFound
        case .notAnAnswer: return .notAnAnswer
        case .streaming: return .streaming
        case .lineFull: return .lineFull
        case .waits: return .waits(ticket: try row.integer(6))
        }
    }

    /// This very recreation, whose commit was not confirmed when it was sent first; `nil` when its stream has ended since.
    private func begunBefore(_ recreation: NewRecreation) async throws -> RecreationOutcome? {
        let messages = MessageRepository(client: client)
        guard let response = try await messages.message(recreation.responseMessageID, of: recreation.clientID),
            response.state == .streaming
        else { return nil }
        var recreation = recreation
        recreation.place = nil
        let history = try await client.execute(RecreationStatements.history(recreation)).history()
        return .begun(response: response, history: history)
    }
}

/// What the writing statement says of itself.
private enum Verdict: String {
    case accepted
    case claimedMeanwhile = "claimed_meanwhile"
    case repeated
    case keyReused = "key_reused"
    case messageNotFound = "message_not_found"
    case notAnAnswer = "not_an_answer"
    case streaming
    case waits
    case lineFull = "line_full"
}

extension Row {
    fileprivate func response(of recreation: NewRecreation) throws(PostgresError) -> Message {
        let variantIndex = Int(try integer(3))
        return Message(
            id: recreation.responseMessageID,
            sessionID: recreation.sessionID,
            parentMessageID: MessageID(try uuid(2)),
            role: .assistant,
            content: [],
            fileURLs: [],
            variantIndex: variantIndex,
            totalVariants: variantIndex + 1,
            isActive: try boolean(4),
            state: .streaming,
            authorID: recreation.authorID,
            sessionTypeID: recreation.sessionTypeID,
            metadata: [:],
            createdAt: try timestamp(5)
        )
    }
}
