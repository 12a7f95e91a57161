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

    public func events(of client: ClientID, after seq: Int64, limit: Int) async throws -> [PushEvent] {
        try await withPortErrors {
            try await self.client.execute(
                Statement(
                    """
                    SELECT \(EventColumns.list)
                    FROM events AS e
                    WHERE e.client_id = $1 AND e.seq > $2
                    ORDER BY e.seq
                    LIMIT $3
                    """,
                    [.text(client.rawValue), .integer(seq), .integer(Int64(limit))]
                )
            ).map { try $0.event() }
        }
    }
}
