public import ChatCore

extension MessageRepository {
    public func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool {
        try await withPortErrors {
            try await client.execute(
                Statement(
                    """
                    UPDATE streams SET checkpoint_content = $4, checkpoint_chunks = $5
                    WHERE client_id = $1 AND message_id = $2 AND node_id = $3 AND checkpoint_chunks <= $5
                    """,
                    [
                        .text(checkpoint.clientID.rawValue), .uuid(checkpoint.messageID.uuid),
                        .uuid(checkpoint.nodeID.uuid), .json(checkpoint.content), .integer(Int64(checkpoint.chunks)),
                    ]
                )
            ).affectedRows == 1
        }
    }

    /// The stream's row goes first: whoever comes second finds none, and nothing else happens.
    public func finishStream(_ end: StreamEnd) async throws -> Message? {
        var metadata = end.metadata
        metadata["state"] = nil
        let statement = Statement(
            """
            WITH ended AS (
                DELETE FROM streams WHERE client_id = $1 AND message_id = $2 AND node_id = $3 RETURNING message_id
            ), finished AS (
                UPDATE messages SET state = $4, content = $5, chunk_count = $6, metadata = $7
                WHERE client_id = $1 AND message_id = (SELECT message_id FROM ended)
                RETURNING messages AS message
            ), \(StreamEndings.told), \(StreamEndings.notified(traceparent: "$8::text"))
            SELECT \(MessageColumns.list) FROM m WHERE (SELECT count(*) FROM told) > 0
            """,
            [
                .text(end.clientID.rawValue), .uuid(end.messageID.uuid), .uuid(end.nodeID.uuid),
                .text(end.state.rawValue), .json(end.content), .integer(Int64(end.chunks)), .json(metadata),
                .text(end.traceparent),
            ]
        )
        return try await withPortErrors { try await client.execute(statement).first?.message(at: 0) }
    }
}
