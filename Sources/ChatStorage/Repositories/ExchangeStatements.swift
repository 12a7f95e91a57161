import ChatCore

/// The statements of ``MessageRepository/beginExchange(_:)``.
enum ExchangeStatements {
    /// Serialises everything that changes the tree of one session.
    static func lock(_ exchange: NewExchange) -> Statement {
        Statement(
            "SELECT FROM sessions WHERE client_id = $1 AND session_id = $2 FOR NO KEY UPDATE",
            [.text(exchange.clientID.rawValue), .uuid(exchange.sessionID.uuid)],
            effect: .mayWrite
        )
    }

    /// The path from the root to the parent, without messages that are empty and incomplete, in no order.
    static func history(_ exchange: NewExchange) -> Statement {
        var parameters: [PostgresValue] = [.text(exchange.clientID.rawValue), .uuid(exchange.sessionID.uuid)]
        var parent = "s.active_leaf_message_id"
        if case .message(let id) = exchange.parent {
            parameters.append(.uuid(id.uuid))
            parent = "$\(parameters.count)"
        }
        var newest = ""
        if let limit = exchange.historyLimit {
            parameters.append(.integer(Int64(max(0, limit))))
            newest = "ORDER BY m.depth DESC LIMIT $\(parameters.count)"
        }
        return Statement(
            """
            SELECT \(MessageColumns.list), m.depth
            FROM sessions AS s
            CROSS JOIN LATERAL message_path(s.client_id, s.session_id, \(parent)) AS path
            CROSS JOIN LATERAL (
                SELECT * FROM messages
                WHERE messages.client_id = $1 AND messages.branch_id = path.branch_id
                    AND messages.depth <= path.last_depth
                    AND (messages.state = 'complete' OR messages.content <> '[]')
                OFFSET 0
            ) AS m
            WHERE s.client_id = $1 AND s.session_id = $2
            \(newest)
            """,
            parameters
        )
    }

    /// Decides, and writes if all is well. The verdict is the first column; the others are the ids of an earlier
    /// exchange with this key, the parent, and what the database gave the new messages.
    static func write(_ exchange: NewExchange) -> Statement {
        let parentID: MessageID? = if case .message(let id) = exchange.parent { id } else { nil }
        return Statement(
            writeText,
            [
                .text(exchange.clientID.rawValue), .uuid(exchange.sessionID.uuid), .uuid(parentID?.uuid),
                .uuid(exchange.userMessageID.uuid), .json(exchange.content),
                .json(.array(exchange.fileURLs.map { .string($0) })), .uuid(exchange.responseMessageID.uuid),
                .uuid(exchange.nodeID.uuid), .uuid(exchange.sessionTypeID.uuid), .text(exchange.authorID),
                .text(exchange.idempotency?.clientID.rawValue), .text(exchange.idempotency?.key),
                .text(exchange.idempotency?.digest),
            ]
        )
    }

    /// `$3` is the parent, null for the leaf of the active path.
    ///
    /// Every step reads its predecessor through a scalar subquery: that puts them in order, and each look-up into the
    /// tree stays one of a single key whatever the planner believes about the size of a session.
    ///
    /// The active sibling is looked for among the children of a parent only: a new root comes when the active path is
    /// empty, that is when no root is active. Times within a session strictly increase, the answer's right after its
    /// question's, so that `created_at` is the order of creation even when the clock is set back.
    private static let writeText = """
        WITH session AS MATERIALIZED (
            SELECT active_leaf_message_id, greatest(clock_timestamp(), updated_at + interval '1 microsecond') AS now
            FROM sessions
            WHERE client_id = $1 AND session_id = $2
        ), parent AS MATERIALIZED (
            SELECT message_id, state, CASE
                WHEN $3::uuid IS NULL OR message_id = (SELECT active_leaf_message_id FROM session) THEN true
                ELSE EXISTS (
                    SELECT FROM message_path($1, $2, (SELECT active_leaf_message_id FROM session)) AS path
                    WHERE path.branch_id = messages.branch_id AND messages.depth <= path.last_depth
                )
            END AS is_on_active_path
            FROM messages
            WHERE client_id = $1 AND session_id = $2
                AND message_id = (SELECT coalesce($3, active_leaf_message_id) FROM session)
        ), known_key AS MATERIALIZED (
            SELECT digest, result
            FROM idempotency_keys
            WHERE client_id = $11 AND key = $12 AND created_at > now() - interval '24 hours'
        ), verdict AS MATERIALIZED (
            SELECT CASE
                WHEN (SELECT digest FROM known_key) = $13 THEN 'repeated'
                WHEN EXISTS (SELECT FROM known_key) THEN 'key_reused'
                WHEN NOT EXISTS (SELECT FROM session) THEN 'session_not_found'
                WHEN $3 IS NOT NULL AND NOT EXISTS (SELECT FROM parent) THEN 'parent_not_found'
                WHEN (SELECT state FROM parent) = 'streaming' THEN 'parent_streaming'
                ELSE 'accepted'
            END AS verdict
        ), claimed_key AS (
            INSERT INTO idempotency_keys (client_id, key, digest, result)
            SELECT $11, $12, $13,
                jsonb_build_object('user_message_id', $4::uuid, 'response_message_id', $7::uuid)
            FROM verdict
            WHERE verdict = 'accepted' AND $12::text IS NOT NULL
            ON CONFLICT (client_id, key) DO UPDATE
                SET digest = excluded.digest, result = excluded.result, created_at = excluded.created_at
                WHERE idempotency_keys.created_at <= now() - interval '24 hours'
            RETURNING key
        ), accepted AS MATERIALIZED (
            SELECT (SELECT now FROM session) AS now, (SELECT message_id FROM parent) AS parent_message_id,
                coalesce((SELECT is_on_active_path FROM parent), true) AS is_on_active_path
            FROM verdict
            WHERE verdict = 'accepted' AND ($12 IS NULL OR EXISTS (SELECT FROM claimed_key))
        ), deactivated AS (
            UPDATE messages SET is_active = false
            WHERE client_id = $1 AND parent_message_id = (SELECT parent_message_id FROM accepted) AND is_active
            RETURNING message_id
        ), written AS (
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, file_urls,
                is_active, state, author_id, session_type_id, created_at)
            SELECT $1, $2, $4, parent_message_id, 'user', $5, $6, true, 'complete', $10, $9, now
            FROM accepted
            WHERE (SELECT count(*) FROM deactivated) >= 0
            UNION ALL
            SELECT $1, $2, $7, $4, 'assistant', '[]', '[]', true, 'streaming', $10, $9,
                now + interval '1 microsecond'
            FROM accepted
            RETURNING messages AS message
        ), moved AS (
            UPDATE sessions SET
                updated_at = (SELECT now + interval '1 microsecond' FROM accepted),
                active_leaf_message_id = CASE
                    WHEN (SELECT is_on_active_path FROM accepted) THEN $7 ELSE active_leaf_message_id
                END
            WHERE client_id = $1 AND session_id = $2 AND EXISTS (SELECT FROM accepted)
        ), leased AS (
            INSERT INTO streams (client_id, session_id, message_id, node_id, started_at)
            SELECT $1, $2, $7, $8, now FROM accepted
        ), told AS MATERIALIZED (
            SELECT message, append_message_created(message, (message).variant_index + 1)
            FROM written
            WHERE (message).message_id = $4
        )
        SELECT
            CASE WHEN verdict = 'accepted' AND (message).message_id IS NULL THEN 'claimed_meanwhile' ELSE verdict END,
            (SELECT result ->> 'user_message_id' FROM known_key)::uuid,
            (SELECT result ->> 'response_message_id' FROM known_key)::uuid,
            (SELECT message_id FROM parent),
            (message).variant_index, (message).created_at, (message).created_at + interval '1 microsecond'
        FROM verdict
        LEFT JOIN told ON true
        """
}
