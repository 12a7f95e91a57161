public import ChatCore

/// The message tree in PostgreSQL.
public struct MessageRepository: MessageStore {
    let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func messages(_ query: MessageQuery) async throws -> Page<Message>? {
        let statement =
            switch query.path {
            case .active: try Self.activePathPage(query)
            case .all: try Self.creationPage(query)
            }
        return try await withPortErrors {
            let rows = try await client.execute(statement)
            guard let first = rows.first, let last = rows.last else { return nil }
            // A session without messages on the page is a single row of NULLs.
            if try first.isNull(0) { return Page(elements: [], nextCursor: nil) }
            let placed = try rows.map { row in
                PlacedMessage(message: try row.message(at: 0), depth: Int(try row.integer(MessageColumns.count)))
            }
            let isFollowed = try last.boolean(MessageColumns.count + 1)
            return Page(placed, isFollowed: isFollowed) { query.cursor(after: $0) }.map(\.message)
        }
    }

    public func message(_ id: MessageID, of client: ClientID) async throws -> Message? {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    SELECT \(MessageColumns.list)
                    FROM messages AS m
                    WHERE m.message_id = $2 AND m.client_id = coalesce(
                        (SELECT g.client_id FROM \(GuestAccess.grants) WHERE g.guest_id = $1 AND g.message_id = $2), $1
                    )
                    """,
                    [.text(client.rawValue), .uuid(id.uuid)]
                )
            )
            return try rows.first?.message(at: 0)
        }
    }
}

/// A message and how far from the root it stands, which is its place on every path it is part of.
struct PlacedMessage: Sendable {
    let message: Message
    let depth: Int
}
