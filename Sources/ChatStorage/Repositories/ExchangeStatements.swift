import ChatCore

/// The statements of ``MessageRepository/beginExchange(_:)``.
enum ExchangeStatements {
    /// Serialises everything that changes the tree of one session, and holds on to a guest's share.
    static func locks(_ session: SessionID, of client: ClientID, guest: Guest?) -> [Statement] {
        let lock = Statement(
            "SELECT FROM sessions WHERE client_id = $1 AND session_id = $2 FOR NO KEY UPDATE",
            [.text(client.rawValue), .uuid(session.uuid)],
            effect: .mayWrite
        )
        guard let guest else { return [lock] }
        return [lock, GuestAccess.lock(guest, in: session, of: client)]
    }

    static func history(_ exchange: NewExchange) -> Statement {
        let end: HistoryStatement.End =
            switch exchange.parent {
            case .activeLeaf: .activeLeaf
            case .message(let id): .message(id)
            }
        return HistoryStatement.make(
            of: exchange.sessionID,
            client: exchange.clientID,
            to: end,
            limit: exchange.historyLimit,
            place: exchange.place
        )
    }

    /// Decides, and writes if all is well. The verdict is the first column; the others are the ids of an earlier
    /// exchange with this key, the parent, what the database gave the new messages, and the place of one that waits.
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
                .text(exchange.idempotency?.digest), .text(exchange.guest?.clientID.rawValue),
                .uuid(exchange.guest?.shareID.uuid),
            ] + WaitingSteps.parameters(exchange.place)
        )
    }

    private static let waiting = WaitingSteps(line: "$16", ticket: "$17")

    /// `$3` is the parent, null for the leaf of the active path; `$14` the guest, null for the owner.
    ///
    /// What a guest hangs under the owner's active path is not active, so that the path goes on as it was. The answer's time
    /// comes right after its question's.
    private static let writeText = """
        WITH \(TreeSteps.session(guest: "$14", share: "$15")), parent AS MATERIALIZED (
            SELECT message_id, state, CASE
                WHEN $3::uuid IS NULL OR message_id = (SELECT active_leaf_message_id FROM session) THEN true
                ELSE \(TreeSteps.isOnActivePath)
            END AS is_on_active_path,
            author_id = $14 OR message_id = (SELECT active_leaf_message_id FROM session) AS is_open_to_guest
            FROM messages
            WHERE client_id = $1 AND session_id = $2
                AND message_id = (SELECT coalesce($3, active_leaf_message_id) FROM session)
        ), \(KeySteps.known(client: "$11", key: "$12")), verdict AS MATERIALIZED (
            SELECT CASE
                \(KeySteps.verdicts(digest: "$13"))
                WHEN NOT EXISTS (SELECT FROM session) THEN 'session_not_found'
                WHEN $3 IS NOT NULL AND NOT EXISTS (SELECT FROM parent) THEN 'parent_not_found'
                WHEN $3 IS NOT NULL AND $14 IS NOT NULL AND (SELECT is_open_to_guest FROM parent) IS NOT TRUE
                    THEN CASE
                        WHEN (SELECT is_on_active_path FROM parent) THEN 'parent_not_for_guests'
                        ELSE 'parent_not_found'
                    END
                \(waiting.verdicts(
                    isStreaming: "coalesce((SELECT state FROM parent) = 'streaming', false)",
                    refusal: "parent_streaming"
                ))
                ELSE 'accepted'
            END AS verdict
        ), \(KeySteps.claimed(
            client: "$11",
            key: "$12",
            digest: "$13",
            result: "jsonb_build_object('user_message_id', $4::uuid, 'response_message_id', $7::uuid)"
        )), accepted AS MATERIALIZED (
            SELECT (SELECT now FROM session) AS now, (SELECT message_id FROM parent) AS parent_message_id,
                is_on_active_path, $14 IS NULL OR NOT is_on_active_path AS is_active
            FROM verdict
            CROSS JOIN (SELECT coalesce((SELECT is_on_active_path FROM parent), true) AS is_on_active_path) AS place
            WHERE verdict = 'accepted' AND ($12 IS NULL OR EXISTS (SELECT FROM claimed_key))
        ), \(TreeSteps.deactivated), written AS (
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, file_urls,
                is_active, state, author_id, session_type_id, created_at)
            SELECT $1, $2, $4, parent_message_id, 'user', $5, $6, is_active, 'complete', $10, $9, now
            FROM accepted
            WHERE (SELECT count(*) FROM deactivated) >= 0
            UNION ALL
            SELECT $1, $2, $7, $4, 'assistant', '[]', '[]', true, 'streaming', $10, $9,
                now + interval '1 microsecond'
            FROM accepted
            RETURNING messages AS message
        ), \(TreeSteps.begun("$7", on: "$8", at: "now + interval '1 microsecond'")),
        \(GuestAccess.noted("$4", "$7", guest: "$14", share: "$15")),
        \(waiting.steps), told AS MATERIALIZED (
            SELECT message, append_message_created(message, (message).variant_index + 1)
            FROM written
            WHERE (message).message_id = $4
        )
        SELECT
            CASE WHEN verdict = 'accepted' AND (message).message_id IS NULL THEN 'claimed_meanwhile' ELSE verdict END,
            (SELECT result ->> 'user_message_id' FROM known_key)::uuid,
            (SELECT result ->> 'response_message_id' FROM known_key)::uuid,
            (SELECT message_id FROM parent),
            (message).variant_index, (message).created_at, (message).created_at + interval '1 microsecond',
            (message).is_active, \(waiting.place)
        FROM verdict
        LEFT JOIN told ON true
        """
}
