import ChatCore

/// The statements of ``RecreationRepository``.
enum RecreationStatements {
    static func history(_ recreation: NewRecreation) -> Statement {
        HistoryStatement.make(
            of: recreation.sessionID,
            client: recreation.clientID,
            to: .parent(of: recreation.messageID),
            limit: recreation.historyLimit,
            place: recreation.place
        )
    }

    /// Decides, and writes if all is well. The verdict is the first column; the others are the id of an earlier answer
    /// with this key, the parent, what the database gave the new answer, and the place of one that waits.
    static func write(_ recreation: NewRecreation) -> Statement {
        Statement(
            writeText,
            [
                .text(recreation.clientID.rawValue), .uuid(recreation.sessionID.uuid),
                .uuid(recreation.messageID.uuid), .uuid(recreation.responseMessageID.uuid),
                .uuid(recreation.nodeID.uuid), .uuid(recreation.sessionTypeID.uuid), .text(recreation.authorID),
                .text(recreation.idempotency.clientID.rawValue), .text(recreation.idempotency.key),
                .text(recreation.idempotency.digest), .text(recreation.guest?.clientID.rawValue),
                .uuid(recreation.guest?.shareID.uuid),
            ] + WaitingSteps.parameters(recreation.place)
        )
    }

    private static let waiting = WaitingSteps(line: "$13", ticket: "$14")

    /// `$3` is the answer to replace; `$11` the guest, null for the owner. Flags as in ``ExchangeStatements``.
    private static let writeText = """
        WITH \(TreeSteps.session(guest: "$11", share: "$12")), replaced AS MATERIALIZED (
            SELECT parent_message_id, role, state
            FROM messages
            WHERE client_id = $1 AND session_id = $2 AND message_id = $3
                AND EXISTS (SELECT FROM session) AND ($11 IS NULL OR author_id = $11)
        ), parent AS MATERIALIZED (
            SELECT message_id, \(TreeSteps.isOnActivePath) AS is_on_active_path
            FROM messages
            WHERE client_id = $1 AND message_id = (SELECT parent_message_id FROM replaced)
        ), \(KeySteps.known(client: "$8", key: "$9")), verdict AS MATERIALIZED (
            SELECT CASE
                \(KeySteps.verdicts(digest: "$10"))
                WHEN NOT EXISTS (SELECT FROM replaced) THEN 'message_not_found'
                WHEN (SELECT role FROM replaced) <> 'assistant' OR NOT EXISTS (SELECT FROM parent) THEN 'not_an_answer'
                \(waiting.verdicts(isStreaming: "(SELECT state FROM replaced) = 'streaming'", refusal: "streaming"))
                ELSE 'accepted'
            END AS verdict
        ), \(KeySteps.claimed(
            client: "$8",
            key: "$9",
            digest: "$10",
            result: "jsonb_build_object('response_message_id', $4::uuid)"
        )), accepted AS MATERIALIZED (
            SELECT (SELECT now FROM session) AS now, parent.message_id AS parent_message_id,
                parent.is_on_active_path, $11 IS NULL OR NOT parent.is_on_active_path AS is_active
            FROM verdict
            CROSS JOIN parent
            WHERE verdict = 'accepted' AND EXISTS (SELECT FROM claimed_key)
        ), \(TreeSteps.deactivated), written AS (
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, file_urls,
                is_active, state, author_id, session_type_id, created_at)
            SELECT $1, $2, $4, parent_message_id, 'assistant', '[]', '[]', is_active, 'streaming', $7, $6, now
            FROM accepted
            WHERE (SELECT count(*) FROM deactivated) >= 0
            RETURNING parent_message_id, variant_index, is_active, created_at
        ), \(TreeSteps.begun("$4", on: "$5", at: "now")), \(GuestAccess.noted("$4", guest: "$11", share: "$12")),
        \(waiting.steps)
        SELECT
            CASE WHEN verdict = 'accepted' AND parent_message_id IS NULL THEN 'claimed_meanwhile' ELSE verdict END,
            (SELECT result ->> 'response_message_id' FROM known_key)::uuid,
            parent_message_id, variant_index, is_active, created_at, \(waiting.place)
        FROM verdict
        LEFT JOIN written ON true
        """
}
