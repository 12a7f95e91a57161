public import ChatCore

extension MessageRepository {
    /// One round trip. The session, and a guest's share, is locked first and in a statement of its own, as a statement does
    /// not see what was committed while it waited for a lock; then the history is read, then everything is decided and
    /// written by one statement, so that the counter of the client's events is locked last.
    public func beginExchange(_ exchange: NewExchange) async throws -> ExchangeOutcome {
        try await begin(exchange, furtherAnswers: [])
    }

    /// - Parameter furtherAnswers: written beside the exchange's own answer.
    func begin(_ exchange: NewExchange, furtherAnswers: [FurtherAnswer]) async throws -> ExchangeOutcome {
        try await KeySteps.settle { try await attempt(exchange, furtherAnswers) }
    }

    private func attempt(
        _ exchange: NewExchange,
        _ furtherAnswers: [FurtherAnswer]
    ) async throws -> ExchangeOutcome? {
        try await withPortErrors {
            let locks = ExchangeStatements.locks(exchange.sessionID, of: exchange.clientID, guest: exchange.guest)
            var statements = locks + [ExchangeStatements.history(exchange), ExchangeStatements.write(exchange)]
            if !furtherAnswers.isEmpty {
                statements.append(ExchangeStatements.writeFurtherAnswers(furtherAnswers, to: exchange))
            }
            let results = try await client.transaction(statements).dropFirst(locks.count)
            guard let history = results.first, let row = results.dropFirst().first?.first else {
                throw PostgresError(.protocolViolation, "The exchange was answered without a verdict.")
            }
            switch try row.word(0, as: Verdict.self) {
            case .accepted:
                return .begun(
                    userMessage: try row.userMessage(of: exchange),
                    response: try row.response(of: exchange),
                    history: try history.history()
                )
            case .claimedMeanwhile: return nil
            case .repeated:
                let responseID = MessageID(try row.uuid(2))
                if responseID == exchange.responseMessageID, let begun = try await begunBefore(exchange) {
                    return begun
                }
                return .repeated(userMessageID: MessageID(try row.uuid(1)), responseMessageID: responseID)
            case .keyReused: return .keyReused
            case .sessionNotFound: return .sessionNotFound
            case .parentNotFound: return .parentNotFound
            case .parentStreaming: return .parentStreaming(MessageID(try row.uuid(3)))
            case .parentNotForGuests: return .parentNotForGuests
            case .lineFull: return .lineFull
            case .waits: return .waits(ticket: try row.integer(8))
            }
        }
    }
}

extension MessageRepository {
    /// This very exchange, whose commit was not confirmed when it was sent first; `nil` when its stream has ended since.
    private func begunBefore(_ exchange: NewExchange) async throws -> ExchangeOutcome? {
        guard let userMessage = try await message(exchange.userMessageID, of: exchange.clientID),
            let response = try await message(exchange.responseMessageID, of: exchange.clientID),
            response.state == .streaming
        else { return nil }
        var history: [Message] = []
        if let parent = userMessage.parentMessageID {
            var exchange = exchange
            exchange.parent = .message(parent)
            exchange.place = nil
            history = try await client.execute(ExchangeStatements.history(exchange)).history()
        }
        return .begun(userMessage: userMessage, response: response, history: history)
    }
}

/// What the writing statement says of itself.
private enum Verdict: String {
    case accepted
    case claimedMeanwhile = "claimed_meanwhile"
    case repeated
    case keyReused = "key_reused"
    case sessionNotFound = "session_not_found"
    case parentNotFound = "parent_not_found"
    case parentStreaming = "parent_streaming"
    case parentNotForGuests = "parent_not_for_guests"
    case waits
    case lineFull = "line_full"
}

extension Row {
    fileprivate func userMessage(of exchange: NewExchange) throws(PostgresError) -> Message {
        let variantIndex = Int(try integer(4))
        return Message(
            id: exchange.userMessageID,
            sessionID: exchange.sessionID,
            parentMessageID: try optionalUUID(3).map { MessageID($0) },
            role: .user,
            content: exchange.content,
            fileURLs: exchange.fileURLs,
            variantIndex: variantIndex,
            totalVariants: variantIndex + 1,
            isActive: try boolean(7),
            state: .complete,
            authorID: exchange.authorID,
            sessionTypeID: exchange.sessionTypeID,
            metadata: [:],
            createdAt: try timestamp(5)
        )
    }

    fileprivate func response(of exchange: NewExchange) throws(PostgresError) -> Message {
        Message(
            id: exchange.responseMessageID,
            sessionID: exchange.sessionID,
            parentMessageID: exchange.userMessageID,
            role: .assistant,
            content: [],
            fileURLs: [],
            variantIndex: 0,
            totalVariants: 1,
            isActive: true,
            state: .streaming,
            authorID: exchange.authorID,
            sessionTypeID: exchange.sessionTypeID,
            metadata: [:],
            createdAt: try timestamp(6)
        )
    }
}
