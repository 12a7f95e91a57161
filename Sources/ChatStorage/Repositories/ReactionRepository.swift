public import ChatCore

/// Reactions in PostgreSQL.
public struct ReactionRepository: ReactionStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// One statement, so that of two changes at the same time each knows what it replaced. What a backend is told carries
    /// the moment of the change, and no two of a message and a user have the same: they come in any order.
    public func setReaction(
        _ reaction: Reaction,
        to message: MessageID,
        of client: ClientID,
        user: ClientID,
        traceparent: String?
    ) async throws -> ReactionOutcome {
        let statement = Statement(
            """
            WITH message AS MATERIALIZED (
                SELECT client_id, session_id, message_id, session_type_id
                FROM messages
                WHERE client_id = $1 AND message_id = $2
            ), changed AS (
                INSERT INTO reactions AS known
                    (client_id, message_id, user_id, reaction_type, previous_reaction_type, updated_at)
                SELECT client_id, message_id, $3, $4, 'none', clock_timestamp()
                FROM message
                WHERE $4 <> 'none' OR EXISTS (
                    SELECT FROM reactions WHERE client_id = $1 AND message_id = $2 AND user_id = $3
                )
                ON CONFLICT (client_id, message_id, user_id) DO UPDATE
                    SET reaction_type = excluded.reaction_type, previous_reaction_type = known.reaction_type,
                        updated_at = greatest(clock_timestamp(), known.updated_at + interval '1 millisecond')
                    WHERE known.reaction_type <> excluded.reaction_type
                RETURNING reaction_type, previous_reaction_type, updated_at
            ), notified AS (
                INSERT INTO webhook_deliveries
                    (client_id, session_type_id, session_id, event, details, traceparent, created_at)
                SELECT client_id, session_type_id, session_id, 'message.reaction',
                    jsonb_build_object(
                        'message_id', message_id, 'user_id', $3, 'reaction_type', reaction_type,
                        'previous_reaction_type', previous_reaction_type
                    ), $5::text, updated_at
                FROM changed
                CROSS JOIN message
            )
            SELECT (SELECT previous_reaction_type FROM changed) FROM message
            """,
            [
                .text(client.rawValue), .uuid(message.uuid), .text(user.rawValue), .text(reaction.rawValue),
                .text(traceparent),
            ]
        )
        do {
            guard let row = try await self.client.execute(statement).first else { return .messageNotFound }
            return try row.isNull(0) ? .unchanged : .changed(from: try row.word(0, as: Reaction.self))
        } catch  where error.constraint == "reactions_message_fkey" {
            // The session was deleted in this very moment.
            return .messageNotFound
        } catch {
            throw error.chatError
        }
    }
}
