/// Removes what has outlived its use.
public struct ExpiredRecords: Sendable {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// Deletes up to `limit` each of the idempotency keys and the kept answers older than 24 h and of the shares that have
    /// expired, and nodes that have been dead for a day.
    ///
    /// - Returns: how many keys, answers and shares were deleted; less than `limit` when none is left.
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
    ]
}
