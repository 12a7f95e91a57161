/// What the statements have in common that write an answer to be streamed into the tree of session `$2` of client `$1`.
/// They are steps of one statement: `session` and `accepted` are those of the steps before.
///
/// Every step reads its predecessor through a scalar subquery: that puts them in order, and each look-up into the tree
/// stays one of a single key whatever the planner believes about the size of a session. Times within a session strictly
/// increase, so that `created_at` is the order of creation even when the clock is set back.
enum TreeSteps {
    /// `session (active_leaf_message_id, now)`: one row when whoever writes may enter it, the owner or the guest.
    static func session(guest: String, share: String) -> String {
        """
        session AS MATERIALIZED (
            SELECT active_leaf_message_id, greatest(clock_timestamp(), updated_at + interval '1 microsecond') AS now
            FROM sessions
            WHERE client_id = $1 AND session_id = $2 AND \(GuestAccess.mayEnter(guest: guest, share: share))
        )
        """
    }

    /// Whether a row of `messages` is on the active path.
    static let isOnActivePath = """
        EXISTS (
            SELECT FROM message_path($1, $2, (SELECT active_leaf_message_id FROM session)) AS path
            WHERE path.branch_id = messages.branch_id AND messages.depth <= path.last_depth
        )
        """

    /// `deactivated (message_id)`: what was the active one among the siblings of what is `accepted` as the active one. Roots
    /// need no such step: a new one comes when the active path is empty, that is when none is active.
    static let deactivated = """
        deactivated AS (
            UPDATE messages SET is_active = false
            WHERE client_id = $1 AND is_active
                AND parent_message_id = (SELECT parent_message_id FROM accepted WHERE accepted.is_active)
            RETURNING message_id
        )
        """

    /// Notes in the session that something was written, and its new leaf; and whose stream the answer is.
    ///
    /// - Parameters:
    ///   - answer: its id; it is the new leaf if what is `accepted` is active and on the active path.
    ///   - time: of the last message written.
    static func begun(_ answer: String, on node: String, at time: String) -> String {
        """
        moved AS (
            UPDATE sessions SET
                updated_at = (SELECT \(time) FROM accepted),
                active_leaf_message_id = CASE
                    WHEN (SELECT is_on_active_path AND is_active FROM accepted) THEN \(answer)
                    ELSE active_leaf_message_id
                END
            WHERE client_id = $1 AND session_id = $2 AND EXISTS (SELECT FROM accepted)
        ), leased AS (
            INSERT INTO streams (client_id, session_id, message_id, node_id, started_at)
            SELECT $1, $2, \(answer), \(node), now FROM accepted
        )
        """
    }
}
