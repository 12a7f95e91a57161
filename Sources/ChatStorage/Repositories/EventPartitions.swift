/// Makes and drops the daily parts of the event log. Made ahead, they cost the writers nothing; dropped whole, clean-up
/// costs nothing either.
///
/// Every method throws ``ChatError``: `SERVICE_UNAVAILABLE` when the database is out of reach, `INTERNAL_ERROR` when a
/// lock could not be had within three seconds. Nothing was done then; try again later.
public struct EventPartitions: Sendable {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// Makes the parts of today (UTC) and of so many days ahead, where they are missing. Without them events go to a
    /// part for everything else, and move when theirs is made.
    ///
    /// - Returns: how many were made.
    @discardableResult
    public func ensure(daysAhead: Int) async throws -> Int {
        try await number(from: "SELECT ensure_event_partitions($1)", .int32(Int32(clamping: daysAhead)))
    }

    /// Drops the parts in which every event is older than `hours`.
    ///
    /// - Returns: how many were dropped.
    @discardableResult
    public func drop(olderThanHours hours: Int) async throws -> Int {
        try await number(
            from: "SELECT drop_event_partitions(make_interval(hours => $1))",
            .int32(Int32(clamping: hours))
        )
    }

    private func number(from sql: String, _ parameter: PostgresValue) async throws -> Int {
        try await withPortErrors {
            let rows = try await client.execute(Statement(sql, [parameter], effect: .mayWrite))
            return Int(try rows.first?.integer(0) ?? 0)
        }
    }
}
