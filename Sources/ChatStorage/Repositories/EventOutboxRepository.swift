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
    ) async throws -> Int? {
        try await withPortErrors {
            try await client.withTransaction { transaction in
                // Of its own, so that what follows sees all that the relay before has taken off.
                let lock = Statement(
                    "SELECT pg_try_advisory_xact_lock($1, $2)",
                    [.int32(AdvisoryLock.outboxShard), .int32(Int32(clamping: shard))],
                    effect: .mayWrite
                )
                guard try await transaction.execute(lock).first?.boolean(0) == true else { return nil }
                let rows = try await transaction.execute(Self.waiting(in: shard, limit: limit))
                guard !rows.isEmpty else { return 0 }
                var entries: [(client: String, seq: Int64)] = []
                var events: [PushEvent] = []
                for row in rows {
                    entries.append((try row.text(5), try row.integer(6)))
                    if try !row.isNull(0) { events.append(try row.event()) }
                }
                if !events.isEmpty { try await publish(events) }
                _ = try await transaction.execute(Self.removal(of: entries, from: shard))
                return events.count
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
            SELECT \(EventColumns.list), o.client_id, o.seq
            FROM (
                SELECT * FROM event_outbox WHERE shard = $1::smallint ORDER BY client_id, seq LIMIT $2
            ) AS o
            LEFT JOIN LATERAL (
                SELECT * FROM events
                WHERE events.client_id = o.client_id AND events.seq = o.seq
                    AND events.created_at = o.event_created_at
                OFFSET 0
            ) AS e ON true
            ORDER BY o.client_id, o.seq
            """,
            [.int32(Int32(clamping: shard)), .integer(Int64(limit))]
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
