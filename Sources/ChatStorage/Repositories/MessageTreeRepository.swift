public import ChatCore

/// Variants and the active path in PostgreSQL.
public struct MessageTreeRepository: MessageTreeStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func variants(of message: MessageID, client: ClientID) async throws -> [Message] {
        let statement = Statement(
            """
            SELECT \(MessageColumns.list(totalVariants: "(count(*) OVER ())::integer"))
            FROM messages AS asked
            CROSS JOIN LATERAL (
                SELECT * FROM messages
                WHERE messages.client_id = $1 AND messages.parent_message_id = asked.parent_message_id
                UNION ALL
                SELECT * FROM messages
                WHERE messages.client_id = $1 AND messages.parent_message_id IS NULL
                    AND messages.session_id = asked.session_id AND asked.parent_message_id IS NULL
            ) AS m
            WHERE asked.client_id = $1 AND asked.message_id = $2
            ORDER BY m.variant_index
            """,
            [.text(client.rawValue), .uuid(message.uuid)]
        )
        return try await withPortErrors {
            try await self.client.execute(statement).map { try $0.message(at: 0) }
        }
    }

    public func activate(_ message: MessageID, of client: ClientID) async throws -> Message? {
        let parameters: [PostgresValue] = [.text(client.rawValue), .uuid(message.uuid)]
        return try await withPortErrors {
            let results = try await self.client.transaction([
                Statement("SELECT activate_message($1, $2)", parameters, effect: .mayWrite),
                Statement(
                    "SELECT \(MessageColumns.list) FROM messages AS m WHERE m.client_id = $1 AND m.message_id = $2",
                    parameters
                ),
            ])
            return try results.last?.first?.message(at: 0)
        }
    }
}
