/// What the statements that end streams have in common.
enum StreamEndings {
    /// Whether the lease of the node that owns a row of `streams` is in force.
    static let ownerIsAlive = """
        EXISTS (SELECT FROM nodes WHERE nodes.node_id = streams.node_id AND nodes.lease_expires_at > now())
        """

    /// Tells of the messages of `finished (message)`, in the order in which the counters of their clients are to be
    /// locked, and returns them as ``Row/message(at:)`` reads them. The last part of a statement that begins with `WITH`.
    static let told = """
        m AS MATERIALIZED (
            SELECT (message).*, message FROM finished
        ), told AS MATERIALIZED (
            SELECT append_message_created(ordered.message, ordered.total_variants)
            FROM (
                SELECT m.message, \(MessageColumns.totalVariants) AS total_variants
                FROM m
                ORDER BY m.client_id, m.created_at
            ) AS ordered
        )
        SELECT \(MessageColumns.list) FROM m WHERE (SELECT count(*) FROM told) > 0
        """

    /// Ends the streams that `orphans` selects as `interrupted`, with their last checkpoint.
    static func closing(orphans: String) -> String {
        """
        WITH orphans AS MATERIALIZED (
            \(orphans)
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
        ), \(told)
        """
    }
}
