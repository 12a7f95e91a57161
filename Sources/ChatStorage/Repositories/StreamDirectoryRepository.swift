public import ChatCore

/// Streams in PostgreSQL, for those who may watch them.
public struct StreamDirectoryRepository: StreamDirectory {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func stream(_ id: MessageID, for reader: ClientID) async throws -> KnownStream? {
        try await withPortErrors {
            try await client.execute(Self.look(for: id, by: reader)).first?.knownStream(id)
        }
    }

    public func owner(ofMessage id: MessageID, by guest: ClientID) async throws -> ClientID? {
        try await withPortErrors {
            try await client.execute(Self.lookForOwner(of: id, by: guest)).first?.clientID(0)
        }
    }

    static func lookForOwner(of message: MessageID, by guest: ClientID) -> Statement {
        Statement(
            "SELECT g.client_id FROM \(GuestAccess.grants) WHERE g.guest_id = $1 AND g.message_id = $2",
            [.text(guest.rawValue), .uuid(message.uuid)]
        )
    }

    /// One statement, so that what is streaming is seen together with its checkpoint, and a foreign id costs as much as
    /// an unknown one. Owner, session, state, chunks, node and whether it is alive; then content and metadata of a
    /// summary; then the message.
    static func look(for id: MessageID, by reader: ClientID) -> Statement {
        Statement(
            """
            WITH owner AS MATERIALIZED (
                SELECT coalesce(
                    (SELECT g.client_id FROM \(GuestAccess.grants) WHERE g.guest_id = $1 AND g.message_id = $2), $1
                ) AS client_id
            )
            SELECT owner.client_id, coalesce(m.session_id, run.session_id), coalesce(m.state, run.state),
                coalesce(streams.checkpoint_chunks, m.chunk_count, run.chunk_count),
                coalesce(streams.node_id, run.node_id),
                \(StreamEndings.ownerIsAlive("streams")) OR \(StreamEndings.ownerIsAlive("run")),
                run.content, run.metadata, m.message_id IS NOT NULL, \(MessageColumns.list)
            FROM owner
            LEFT JOIN messages AS m ON m.client_id = owner.client_id AND m.message_id = $2
            LEFT JOIN streams ON streams.client_id = m.client_id AND streams.message_id = m.message_id
            LEFT JOIN summaries AS run ON run.client_id = $1 AND run.summary_id = $2
            WHERE m.message_id IS NOT NULL OR run.summary_id IS NOT NULL
            """,
            [.text(reader.rawValue), .uuid(id.uuid)]
        )
    }
}

extension Row {
    /// Reads what ``StreamDirectoryRepository/look(for:by:)`` returns.
    fileprivate func knownStream(_ id: MessageID) throws(PostgresError) -> KnownStream {
        let state = try word(2, as: Message.State.self)
        let chunks = Int(try integer(3))
        let result =
            try boolean(8)
            ? StreamResult(try message(at: 9), chunks: chunks)
            : StreamResult(
                state: state,
                content: try jsonArray(6) { ContentPart(stored: $0) },
                chunks: chunks,
                metadata: try jsonObject(7)
            )
        return KnownStream(
            clientID: try clientID(0),
            sessionID: SessionID(try uuid(1)),
            messageID: id,
            progress: state == .streaming
                ? .running(on: NodeID(try uuid(4)), isAlive: try boolean(5)) : .ended,
            result: result
        )
    }
}
