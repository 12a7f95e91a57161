public import ChatCore

/// The outbox of the event log in PostgreSQL.
public struct EventOutboxRepository: EventOutbox {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// An event that was dropped from the log before it could be published is taken off without being published: its
    /// client finds the gap and is told to read the state anew.
    public func drain(
        shard: Int,
        limit: Int,
        publish: @Sendable ([PushEvent]) async throws -> Void
    ) async throws -> OutboxDrain {
        try await withPortErrors {
            try await client.withTransaction { transaction in
                // Of its own, so that what follows sees all that the relay before has taken off.
                let lock = Statement(
                    "SELECT pg_try_advisory_xact_lock($1, $2)",
                    [.int32(AdvisoryLock.outboxShard), .int32(Int32(clamping: shard))],
                    effect: .mayWrite
                )
                guard try await transaction.execute(lock).first?.boolean(0) == true else {
                    return .heldByAnother
                }
                let rows = try await transaction.execute(Self.waiting(in: shard, limit: limit))
                guard let found = try rows.first?.integer(7) else { return .emptied }
                var entries: [(client: String, seq: Int64)] = []
                var events: [PushEvent] = []
                for row in rows {
                    entries.append((try row.text(5), try row.integer(6)))
                    if try !row.isNull(0) { events.append(try row.event()) }
                }
                if !events.isEmpty { try await publish(events) }
                _ = try await transaction.execute(Self.removal(of: entries, from: shard))
                return Int64(rows.count) == found ? .emptied : .moreWaiting
            }
        }
    }

    public func waitingShards() async throws -> [Int] {
        try await withPortErrors {
            try await client.execute(
                Statement(
                    """
                    SELECT shard
                    FROM generate_series(0, $1 - 1) AS shard
                    WHERE EXISTS (SELECT FROM event_outbox WHERE event_outbox.shard = shard.shard::smallint)
                    """,
                    [.int32(Int32(Self.shardCount))]
                )
            ).map { Int(try $0.integer(0)) }
        }
    }

    private static func waiting(in shard: Int, limit: Int) -> Statement {
        Statement(
            """
            SELECT \(EventColumns.list), e.waiting_client_id, e.waiting_seq, e.found
            FROM (
                SELECT o.client_id AS waiting_client_id, o.seq AS waiting_seq, e.*,
                    row_number() OVER w AS place, sum(e.payload_bytes) OVER w AS bytes, count(*) OVER () AS found
                FROM (
                    SELECT * FROM event_outbox WHERE shard = $1::smallint ORDER BY client_id, seq LIMIT $2 + 1
                ) AS o
                LEFT JOIN LATERAL (
                    SELECT * FROM events
                    WHERE events.client_id = o.client_id AND events.seq = o.seq
                        AND events.created_at = o.event_created_at
                    OFFSET 0
                ) AS e ON true
                WINDOW w AS (ORDER BY o.client_id, o.seq)
            ) AS e
            WHERE e.place <= $2 AND (e.place = 1 OR e.bytes IS NULL OR e.bytes <= $3)
            ORDER BY e.waiting_client_id, e.waiting_seq
            """,
            [
                .int32(Int32(clamping: shard)), .integer(Int64(limit)),
                .integer(Int64(EventPage.maximumPayloadBytes)),
            ]
        )
    }

    private static func removal(of entries: [(client: String, seq: Int64)], from shard: Int) -> Statement {
        Statement(
            """
            DELETE FROM event_outbox AS o
            USING unnest($2, $3) AS done (client_id, seq)
            WHERE o.shard = $1::smallint AND o.client_id = done.client_id AND o.seq = done.seq
            """,
            [
                .int32(Int32(clamping: shard)), .textArray(entries.map(\.client)),
                .integerArray(entries.map(\.seq)),
            ]
        )
    }
}
