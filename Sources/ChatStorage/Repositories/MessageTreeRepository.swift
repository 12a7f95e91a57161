public import ChatCore

/// Variants and the active path in PostgreSQL.
public struct MessageTreeRepository: MessageTreeStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func variants(
        of message: MessageID,
        client: ClientID,
        limit: Int,
        after cursor: PageCursor?
    ) async throws -> VariantPage? {
        let list = "variants:\(message)"
        let last = try cursor?.number(in: list) ?? -1
        let statement = Statement(
            Self.variantsText,
            [.text(client.rawValue), .uuid(message.uuid), .integer(Int64(last)), .integer(Int64(limit))]
        )
        return try await withPortErrors {
            let rows = try await self.client.execute(statement)
            guard let first = rows.first, let last = rows.last else { return nil }
            let currentIndex = Int(try first.integer(MessageColumns.count))
            // Behind the last variant there is a single row of NULLs but for that.
            if try first.isNull(0) {
                return VariantPage(variants: Page(elements: [], nextCursor: nil), currentIndex: currentIndex)
            }
            let isFollowed = try last.boolean(MessageColumns.count + 1)
            let page = Page(try rows.map { try $0.message(at: 0) }, isFollowed: isFollowed) { last in
                PageCursor(list: list, keys: [String(last.variantIndex)])
            }
            return VariantPage(variants: page, currentIndex: currentIndex)
        }
    }

    /// Siblings are numbered without gaps, so the place of one is its number.
    private static let variantsText = """
        SELECT \(MessageColumns.list(totalVariants: "family.total_variants")), family.current_index, m.is_followed
        FROM messages AS asked
        CROSS JOIN LATERAL (
            SELECT \(MessageColumns.totalVariants(of: "asked")) AS total_variants, coalesce(
                (
                    SELECT variant_index FROM messages
                    WHERE messages.client_id = $1 AND messages.parent_message_id = asked.parent_message_id
                        AND messages.session_id = asked.session_id AND messages.is_active
                ),
                (
                    SELECT variant_index FROM messages
                    WHERE messages.client_id = $1 AND messages.parent_message_id IS NULL
                        AND messages.session_id = asked.session_id AND messages.is_active
                        AND asked.parent_message_id IS NULL
                ),
                asked.variant_index
            ) AS current_index
            OFFSET 0
        ) AS family
        LEFT JOIN LATERAL (
            \(PageWindow.page(
                of: siblings,
                sortedBy: "found.variant_index",
                bytes: PageWindow.messageBytes,
                limit: "$4"
            ))
        ) AS m ON true
        WHERE asked.client_id = $1 AND asked.message_id = $2
        ORDER BY m.variant_index
        """

    private static let siblings = """
        SELECT * FROM (
            SELECT * FROM messages
            WHERE messages.client_id = $1 AND messages.parent_message_id = asked.parent_message_id
                AND messages.variant_index > $3
            UNION ALL
            SELECT * FROM messages
            WHERE messages.client_id = $1 AND messages.parent_message_id IS NULL
                AND messages.session_id = asked.session_id AND asked.parent_message_id IS NULL
                AND messages.variant_index > $3
        ) AS siblings
        ORDER BY siblings.variant_index
        LIMIT $4 + 1
        """

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
