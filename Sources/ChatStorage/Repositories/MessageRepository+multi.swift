public import ChatCore

extension MessageRepository: MultiExchangeStore {
    public func beginExchange(
        _ exchange: NewExchange,
        furtherAnswers: [FurtherAnswer]
    ) async throws -> MultiExchangeOutcome {
        let outcome = try await begin(exchange, furtherAnswers: furtherAnswers)
        guard case .begun(let userMessage, var response, let history) = outcome else { return .refused(outcome) }
        response.totalVariants = furtherAnswers.count + 1
        let further = furtherAnswers.enumerated().map { index, answer in
            var message = response
            message.id = answer.messageID
            message.sessionTypeID = answer.sessionTypeID
            message.variantIndex = index + 1
            message.isActive = false
            return message
        }
        return .begun(userMessage: userMessage, responses: [response] + further, history: history)
    }
}

extension ExchangeStatements {
    /// Comes after ``write(_:)`` in its transaction, and writes when that has written. The siblings get their variant
    /// numbers in the order of the rows; their times go on from the answer's, microsecond by microsecond.
    static func writeFurtherAnswers(_ answers: [FurtherAnswer], to exchange: NewExchange) -> Statement {
        Statement(
            """
            WITH answer AS MATERIALIZED (
                SELECT session_id, parent_message_id, author_id, created_at
                FROM messages
                WHERE client_id = $1 AND message_id = $2
            ), written AS (
                INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, file_urls,
                    is_active, state, author_id, session_type_id, created_at)
                SELECT $1, answer.session_id, further.message_id, answer.parent_message_id, 'assistant', '[]', '[]',
                    false, 'streaming', answer.author_id, further.session_type_id,
                    answer.created_at + further.position * interval '1 microsecond'
                FROM answer
                CROSS JOIN unnest($3, $4) WITH ORDINALITY AS further (message_id, session_type_id, position)
                ORDER BY further.position
                RETURNING session_id, message_id, created_at
            ), moved AS (
                UPDATE sessions SET updated_at = (SELECT max(created_at) FROM written)
                WHERE client_id = $1 AND session_id = (SELECT session_id FROM answer)
            )
            INSERT INTO streams (client_id, session_id, message_id, node_id, started_at)
            SELECT $1, session_id, message_id, $5, created_at FROM written
            """,
            [
                .text(exchange.clientID.rawValue), .uuid(exchange.responseMessageID.uuid),
                .uuidArray(answers.map(\.messageID.uuid)), .uuidArray(answers.map(\.sessionTypeID.uuid)),
                .uuid(exchange.nodeID.uuid),
            ]
        )
    }
}
