/// Removes what has outlived its use.
public struct ExpiredRecords: Sendable {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// Deletes up to `limit` each of the idempotency keys, the kept answers and the ended runs of summaries older than 24 h,
    /// of the shares that have expired and of the waiting places that have lapsed, of the background events that were
    /// delivered a day or given up thirty days ago, and nodes that have been dead for a day.
    ///
    /// A place stays for an hour after it has lapsed: whoever could not renew it for a while stands where they stood.
    ///
    /// - Returns: how many were deleted beside the nodes; less than `limit` when none is left.
    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
    @discardableResult
    public func delete(limit: Int) async throws -> Int {
        try await withPortErrors {
            _ = try await client.execute(
                Statement("DELETE FROM nodes WHERE lease_expires_at < now() - interval '24 hours'")
            )
            var deleted = 0
            for statement in Self.deletions {
                deleted += try await client.execute(Statement(statement, [.integer(Int64(limit))])).affectedRows
            }
            return deleted
        }
    }

    private static let deletions = [
        """
        DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
            LIMIT $1 FOR UPDATE SKIP LOCKED
        ))
        """,
        """
        DELETE FROM kept_answers WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM kept_answers
            WHERE created_at < now() - interval '24 hours' AND coalesce(lease_expires_at < now(), true)
            LIMIT $1 FOR UPDATE SKIP LOCKED
        ))
        """,
        """
        DELETE FROM shares WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM shares WHERE expires_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED
        ))
        """,
        """
        DELETE FROM waiting_requests WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM waiting_requests WHERE expires_at < now() - interval '1 hour'
            LIMIT $1 FOR UPDATE SKIP LOCKED
        ))
        """,
        """
        DELETE FROM summaries WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM summaries
            WHERE started_at < now() - interval '24 hours' AND state <> 'streaming'
            LIMIT $1 FOR UPDATE SKIP LOCKED
        ))
        """,
        """
        DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM webhook_deliveries
            WHERE state = 'delivered' AND ended_at < now() - interval '24 hours'
            LIMIT $1 FOR UPDATE SKIP LOCKED
        ))
        """,
        """
        DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM webhook_deliveries
            WHERE state = 'dead' AND ended_at < now() - interval '30 days'
            LIMIT $1 FOR UPDATE SKIP LOCKED
        ))
        """,
    ]
}
