public import ChatCore

/// The event log in PostgreSQL.
public struct EventRepository: EventStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func lastSeqs(of clients: [ClientID]) async throws -> [ClientID: Int64] {
        try await withPortErrors {
            let rows = try await client.execute(
                Statement(
                    "SELECT client_id, last_seq FROM event_counters WHERE client_id = ANY ($1)",
                    [.textArray(clients.map(\.rawValue))]
                )
            )
            var lastSeqs: [ClientID: Int64] = [:]
            for row in rows { lastSeqs[try row.clientID(0)] = try row.integer(1) }
            return lastSeqs
        }
    }

    public func events(of client: ClientID, after seq: Int64, limit: Int) async throws -> EventPage {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    SELECT \(EventColumns.list), e.found
                    FROM (
                        SELECT *, row_number() OVER w AS place, sum(payload_bytes) OVER w AS bytes, count(*) OVER () AS found
                        FROM (
                            SELECT * FROM events
                            WHERE client_id = $1 AND seq > $2
                            ORDER BY seq
                            LIMIT $3 + 1
                        ) AS events
                        WINDOW w AS (ORDER BY seq)
                    ) AS e
                    WHERE e.place <= $3 AND (e.place = 1 OR e.bytes <= $4)
                    ORDER BY e.seq
                    """,
                    [
                        .text(client.rawValue), .integer(seq), .integer(Int64(limit)),
                        .integer(Int64(EventPage.maximumPayloadBytes)),
                    ]
                )
            )
            let found = try rows.first?.integer(5) ?? 0
            return EventPage(events: try rows.map { try $0.event() }, reachesEnd: Int64(rows.count) == found)
        }
    }
}
