/// What the statements that end streams have in common.
enum StreamEndings {
    /// Whether the lease of the node that owns a row of `streams`, or of `summaries`, is in force.
    static func ownerIsAlive(_ table: String) -> String {
        "EXISTS (SELECT FROM nodes WHERE nodes.node_id = \(table).node_id AND nodes.lease_expires_at > now())"
    }

    /// `m`, the messages of `finished (message)` as ``MessageColumns`` reads them, and `told`, which is to be read: it
    /// tells of them. Clients are told one after the other, in the order in which their counters are to be locked,
    /// whichever messages they are told of.
    static let told = """
        m AS MATERIALIZED (
            SELECT (message).*, message FROM finished
        ), told AS MATERIALIZED (
            SELECT append_event(ordered.recipient_id, 'message.created', ordered.payload)
            FROM (
                SELECT recipient.id AS recipient_id,
                    message_created_payload(m.message, \(MessageColumns.totalVariants)) AS payload
                FROM m
                CROSS JOIN LATERAL (SELECT m.client_id UNION SELECT m.author_id) AS recipient (id)
                ORDER BY recipient.id, m.created_at
            ) AS ordered
        )
        """

    /// `notified`: it tells the backends of those of `finished (message)` that our side cut off, by the user's wish or
    /// because a node went away, what was kept of them.
    ///
    /// - Parameter traceparent: an expression of type `text`.
    static func notified(traceparent: String) -> String {
        """
        notified AS (
            INSERT INTO webhook_deliveries (client_id, session_type_id, session_id, event, details, traceparent)
            SELECT (message).client_id, (message).session_type_id, (message).session_id, 'message.aborted',
                jsonb_build_object('message_id', (message).message_id, 'partial_content', (message).content),
                \(traceparent)
            FROM finished
            WHERE (message).state IN ('stopped', 'abandoned', 'interrupted')
        )
        """
    }

    /// Ends as `interrupted`, with their last checkpoint, the running answers and summaries that meet a condition on
    /// their table and the column of their id. Returns the owner, the session and the id of each.
    ///
    /// - Parameter limit: how many at most; then those that somebody else is about to end are left to them.
    static func closing(limit: String? = nil, where condition: (_ table: String, _ id: String) -> String) -> String {
        let skip = limit == nil ? "" : "SKIP LOCKED"
        let (streamLimit, summaryLimit) =
            limit.map { ("ORDER BY client_id LIMIT \($0)", "LIMIT \($0) - (SELECT count(*) FROM orphans)") } ?? ("", "")
        return """
            WITH orphans AS MATERIALIZED (
                SELECT client_id, message_id FROM streams
                WHERE \(condition("streams", "message_id"))
                \(streamLimit)
                FOR UPDATE OF streams \(skip)
            ), orphaned_summaries AS MATERIALIZED (
                SELECT client_id, summary_id FROM summaries
                WHERE state = 'streaming' AND \(condition("summaries", "summary_id"))
                \(summaryLimit)
                FOR UPDATE OF summaries \(skip)
            ), ended AS (
                DELETE FROM streams USING orphans
                WHERE streams.client_id = orphans.client_id AND streams.message_id = orphans.message_id
                RETURNING streams.client_id, streams.message_id, streams.checkpoint_content, streams.checkpoint_chunks
            ), finished AS (
                UPDATE messages
                SET state = 'interrupted', content = ended.checkpoint_content, chunk_count = ended.checkpoint_chunks
                FROM ended
                WHERE messages.client_id = ended.client_id AND messages.message_id = ended.message_id
                RETURNING messages AS message
            ), \(told), \(notified(traceparent: "NULL")), interrupted AS (
                UPDATE summaries SET state = 'interrupted'
                FROM orphaned_summaries AS orphan
                WHERE summaries.client_id = orphan.client_id AND summaries.summary_id = orphan.summary_id
                RETURNING summaries.client_id, summaries.session_id, summaries.summary_id
            )
            SELECT client_id, session_id, message_id FROM m WHERE (SELECT count(*) FROM told) > 0
            UNION ALL
            SELECT client_id, session_id, summary_id FROM interrupted
            """
    }
}
