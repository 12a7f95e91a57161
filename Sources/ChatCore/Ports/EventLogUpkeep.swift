/// Keeps the event log in shape. Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of
/// reach, and may be called by many nodes at once.
public protocol EventLogUpkeep: Sendable {
    /// Makes room for the events of the days to come.
    func prepareEventPartitions() async throws

    /// Forgets events older than `hours`, whole partitions at a time.
    func dropEvents(olderThanHours hours: Int) async throws
}

/// Deletes what has served its time: idempotency keys of the day before, nodes long dead. Errors as in ``EventLogUpkeep``.
public protocol RecordUpkeep: Sendable {
    /// - Returns: how many were deleted, `limit` at most of each kind; when it is none, there is nothing left to delete.
    func deleteExpiredRecords(limit: Int) async throws -> Int
}
