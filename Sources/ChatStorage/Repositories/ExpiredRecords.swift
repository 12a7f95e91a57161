/// Removes what has outlived its use.
public struct ExpiredRecords: Sendable {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// Deletes up to `limit` idempotency keys older than 24 h, and nodes that have been dead for a day.
    ///
    /// - Returns: how many keys were deleted; less than `limit` when none is left.
    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
    @discardableResult
    public func delete(limit: Int) async throws -> Int {
        try await withPortErrors {
            _ = try await client.execute(
                Statement("DELETE FROM nodes WHERE lease_expires_at < now() - interval '24 hours'")
            )
            return try await client.execute(
                Statement(
                    """
                    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
                        LIMIT $1 FOR UPDATE SKIP LOCKED
                    ))
                    """,
                    [.integer(Int64(limit))]
                )
            ).affectedRows
        }
    }
}
