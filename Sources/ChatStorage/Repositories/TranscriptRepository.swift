public import ChatCore

/// Reads whole sessions in PostgreSQL, a page at a time.
public struct TranscriptRepository: TranscriptStore {
    /// Bounds of a page.
    static let pageMessages = 250
    static let pageBytes = 262_144

    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func transcript(
        of session: SessionID,
        client: ClientID,
        scope: ExportScope
    ) async throws -> Transcript? {
        let last =
            switch scope {
            case .active: "s.active_leaf_message_id"
            case .all:
                """
                (
                    SELECT m.message_id FROM messages AS m
                    WHERE m.client_id = $1 AND m.session_id = $2
                    ORDER BY m.created_at DESC, m.message_id DESC
                    LIMIT 1
                )
                """
            }
        return try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    SELECT \(SessionColumns.list), \(last)
                    FROM sessions AS s
                    WHERE s.client_id = $1 AND s.session_id = $2
                    """,
                    [.text(client.rawValue), .uuid(session.uuid)]
                )
            )
            guard let row = rows.first else { return nil }
            return Transcript(
                session: try row.session(at: 0),
                scope: scope,
                lastMessageID: try row.optionalUUID(SessionColumns.count).map { MessageID($0) }
            )
        }
    }

    public func page(of transcript: Transcript, after position: TranscriptPosition?) async throws -> TranscriptPage? {
        guard let last = transcript.lastMessageID else { return TranscriptPage(messages: [], next: nil) }
        let statement =
            switch transcript.scope {
            case .active: Self.pathPage(transcript.session, to: last, after: position)
            case .all: Self.creationPage(transcript.session, after: position)
            }
        return try await withPortErrors { () -> TranscriptPage? in
            let rows = try await client.execute(statement)
            guard let first = rows.first else { return nil }
            // A session without messages on the page is a single row of NULLs.
            if try first.isNull(0) { return TranscriptPage(messages: [], next: nil) }
            var page = TranscriptPage(messages: try rows.map { try $0.message(at: 0) }, next: nil)
            if let end = page.messages.firstIndex(where: { $0.id == last }) {
                page.messages.removeSubrange((end + 1)...)
            } else if let message = page.messages.last, let row = rows.last {
                page.next =
                    switch transcript.scope {
                    case .active: .depth(Int(try row.integer(MessageColumns.count)))
                    case .all: .created(message.createdAt, message.id)
                    }
            }
            return page
        }
    }

    /// The ranges a path is made of never change, so that every page is of the same path.
    private static func pathPage(
        _ session: Session,
        to leaf: MessageID,
        after position: TranscriptPosition?
    ) -> Statement {
        var first = 0
        if case .depth(let depth) = position { first = depth + 1 }
        let messages = """
            SELECT on_branch.*
            FROM message_path($1, $2, $3) AS path
            CROSS JOIN LATERAL (
                SELECT * FROM messages
                WHERE messages.client_id = $1 AND messages.branch_id = path.branch_id
                    AND messages.depth BETWEEN $4 AND least($5, path.last_depth)
                OFFSET 0
            ) AS on_branch
            """
        return Statement(
            page(of: messages, by: ["depth"]),
            [
                .text(session.clientID.rawValue), .uuid(session.id.uuid), .uuid(leaf.uuid), .integer(Int64(first)),
                .integer(Int64(first + pageMessages - 1)),
            ]
        )
    }

    private static func creationPage(_ session: Session, after position: TranscriptPosition?) -> Statement {
        var parameters: [PostgresValue] = [.text(session.clientID.rawValue), .uuid(session.id.uuid)]
        var condition = ""
        if case .created(let createdAt, let id) = position {
            parameters += [.timestamp(createdAt), .uuid(id.uuid)]
            condition = "AND (messages.created_at, messages.message_id) > ($3, $4)"
        }
        let messages = """
            SELECT * FROM messages
            WHERE messages.client_id = $1 AND messages.session_id = $2 \(condition)
            ORDER BY messages.created_at, messages.message_id
            LIMIT \(pageMessages)
            """
        return Statement(page(of: messages, by: ["created_at", "message_id"]), parameters)
    }

    private static func page(of messages: String, by keys: [String]) -> String {
        let page = PageWindow.page(
            of: messages,
            sortedBy: keys.map { "found.\($0)" }.joined(separator: ", "),
            bytes: PageWindow.messageBytes,
            limit: nil,
            pageBytes: pageBytes
        )
        return """
            SELECT \(MessageColumns.list), m.depth
            FROM sessions AS s
            LEFT JOIN LATERAL (
                \(page)
            ) AS m ON true
            WHERE s.client_id = $1 AND s.session_id = $2
            ORDER BY \(keys.map { "m.\($0)" }.joined(separator: ", "))
            """
    }
}
