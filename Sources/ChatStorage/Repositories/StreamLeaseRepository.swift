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
                RETURNING node_id, \(StreamEndings.ownerIsAlive) AS is_alive
            )
            SELECT m.state, marked.node_id, marked.is_alive
            FROM messages AS m
            LEFT JOIN marked ON true
            WHERE m.client_id = $1 AND m.message_id = $2
            """,
            [.text(client.rawValue), .uuid(message.uuid)]
        )
        return try await withPortErrors {
            // A stream that ends in this very moment is seen as streaming and has no row any more: look again.
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

    public func closeOrphan(_ message: MessageID, client: ClientID) async throws -> Message? {
        let statement = Statement(
            StreamEndings.closing(
                orphans: """
                    SELECT client_id, message_id FROM streams
                    WHERE client_id = $1 AND message_id = $2 AND NOT \(StreamEndings.ownerIsAlive)
                    FOR UPDATE OF streams
                    """
            ),
            [.text(client.rawValue), .uuid(message.uuid)]
        )
        return try await withPortErrors { try await self.client.execute(statement).first?.message(at: 0) }
    }

    public func closeOrphans(limit: Int) async throws -> [Message] {
        let statement = Statement(
            StreamEndings.closing(
                orphans: """
                    SELECT client_id, message_id FROM streams
                    WHERE NOT \(StreamEndings.ownerIsAlive)
                    ORDER BY client_id
                    LIMIT $1
                    FOR UPDATE OF streams SKIP LOCKED
                    """
            ),
            [.integer(Int64(limit))]
        )
        return try await withPortErrors {
            try await client.execute(statement).map { try $0.message(at: 0) }
        }
    }

    public func closeForgotten(
        of node: NodeID,
        running: [MessageID],
        after seconds: Int,
        limit: Int
    ) async throws -> [Message] {
        let statement = Statement(
            StreamEndings.closing(
                orphans: """
                    SELECT client_id, message_id FROM streams
                    WHERE node_id = $1 AND message_id <> ALL ($2)
                        AND started_at < clock_timestamp() - make_interval(secs => $3)
                    ORDER BY client_id
                    LIMIT $4
                    FOR UPDATE OF streams SKIP LOCKED
                    """
            ),
            [
                .uuid(node.uuid), .uuidArray(running.map(\.uuid)), .integer(Int64(seconds)), .integer(Int64(limit)),
            ]
        )
        return try await withPortErrors {
            try await client.execute(statement).map { try $0.message(at: 0) }
        }
    }
}
