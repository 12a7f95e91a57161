/// Keeps the event log in shape. Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of
/// reach, and may be called by many nodes at once.
public protocol EventLogUpkeep: Sendable {
    /// Makes room for the events of the days to come.
    func prepareEventPartitions() async throws

    /// Forgets events older than `hours`, whole partitions at a time.
    func dropEvents(olderThanHours hours: Int) async throws
}
