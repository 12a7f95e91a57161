public import ChatCore

/// Leases of nodes and streams in PostgreSQL. Time is the database's, so the clocks of the nodes do not matter.
public struct StreamLeaseRepository: StreamLeaseStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func renewLease(of node: Node, seconds: Int) async throws -> [StopRequest] {
        let statement = Statement(
            """
            WITH renewed AS (
                INSERT INTO nodes (node_id, name, role, lease_expires_at)
                VALUES ($1, $2, $3, now() + make_interval(secs => $4))
                ON CONFLICT (node_id) DO UPDATE
                    SET name = excluded.name, role = excluded.role, lease_expires_at = excluded.lease_expires_at
            )
            SELECT client_id, message_id
            FROM streams
            WHERE node_id = $1 AND stop_requested_at IS NOT NULL
            UNION ALL
            SELECT client_id, summary_id
            FROM summaries
            WHERE node_id = $1 AND state = 'streaming' AND stop_requested_at IS NOT NULL
            """,
            [.uuid(node.id.uuid), .text(node.name), .text(node.role.rawValue), .integer(Int64(seconds))]
        )
        return try await withPortErrors {
            try await client.execute(statement).map { row in
                StopRequest(clientID: try row.clientID(0), messageID: MessageID(try row.uuid(1)))
            }
        }
    }

    public func endLease(of node: NodeID) async throws {
        try await withPortErrors {
            _ = try await client.execute(Statement("DELETE FROM nodes WHERE node_id = $1", [.uuid(node.uuid)]))
        }
    }

    public func requestStop(of message: MessageID, client: ClientID) async throws -> StopTarget {
        let statement = Statement(
            """
            WITH marked AS (
                UPDATE streams SET stop_requested_at = coalesce(stop_requested_at, now())
                WHERE client_id = $1 AND message_id = $2
                RETURNING node_id, \(StreamEndings.ownerIsAlive("streams")) AS is_alive
            ), marked_summary AS (
                UPDATE summaries SET stop_requested_at = coalesce(stop_requested_at, now())
                WHERE client_id = $1 AND summary_id = $2 AND state = 'streaming'
                RETURNING node_id, \(StreamEndings.ownerIsAlive("summaries")) AS is_alive
            )
            SELECT m.state, marked.node_id, marked.is_alive
            FROM messages AS m
            LEFT JOIN marked ON true
            WHERE m.client_id = $1 AND m.message_id = $2
            UNION ALL
            SELECT run.state, marked.node_id, marked.is_alive
            FROM summaries AS run
            LEFT JOIN marked_summary AS marked ON true
            WHERE run.client_id = $1 AND run.summary_id = $2
            """,
            [.text(client.rawValue), .uuid(message.uuid)]
        )
        return try await withPortErrors {
            // A stream that ends in this very moment is seen as streaming and is no longer to be marked: look again.
            for _ in 0..<Self.stopAttempts {
                guard let row = try await self.client.execute(statement).first else { return .messageNotFound }
                if let owner = try row.optionalUUID(1) {
                    return try row.boolean(2) ? .running(on: NodeID(owner)) : .orphaned
                }
                let state = try row.word(0, as: Message.State.self)
                if state != .streaming { return .ended(state) }
            }
            throw PostgresError(.protocolViolation, "A message is streaming and nobody streams it.")
        }
    }

    private static let stopAttempts = 5

    public func closeOrphan(_ message: MessageID, client: ClientID) async throws -> ClosedStream? {
        let statement = Statement(
            StreamEndings.closing { table, id in
                "client_id = $1 AND \(id) = $2 AND NOT \(StreamEndings.ownerIsAlive(table))"
            },
            [.text(client.rawValue), .uuid(message.uuid)]
        )
        return try await close(statement).first
    }

    public func closeOrphans(limit: Int) async throws -> [ClosedStream] {
        let statement = Statement(
            StreamEndings.closing(limit: "$1") { table, _ in "NOT \(StreamEndings.ownerIsAlive(table))" },
            [.integer(Int64(limit))]
        )
        return try await close(statement)
    }

    public func closeForgotten(
        of node: NodeID,
        running: [MessageID],
        after seconds: Int,
        limit: Int
    ) async throws -> [ClosedStream] {
        let statement = Statement(
            StreamEndings.closing(limit: "$4") { _, id in
                """
                node_id = $1 AND \(id) <> ALL ($2) AND started_at < clock_timestamp() - make_interval(secs => $3)
                """
            },
            [
                .uuid(node.uuid), .uuidArray(running.map(\.uuid)), .integer(Int64(seconds)), .integer(Int64(limit)),
            ]
        )
        return try await close(statement)
    }

    private func close(_ statement: Statement) async throws -> [ClosedStream] {
        try await withPortErrors {
            try await client.execute(statement).map { row in
                ClosedStream(
                    clientID: try row.clientID(0),
                    sessionID: SessionID(try row.uuid(1)),
                    messageID: MessageID(try row.uuid(2))
                )
            }
        }
    }
}
