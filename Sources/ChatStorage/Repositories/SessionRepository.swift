public import ChatCore

/// Sessions in PostgreSQL.
public struct SessionRepository: SessionStore {
    private static let list = "sessions"

    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    @discardableResult
    public func createSession(_ session: Session) async throws -> Session {
        let isNew: Bool
        do {
            isNew =
                try await client.execute(
                    Statement(
                        """
                        INSERT INTO sessions (client_id, session_id, session_type_id, available_capabilities, metadata,
                            created_at, updated_at)
                        VALUES ($1, $2, $3, $4, $5, $6, $7)
                        ON CONFLICT (client_id, session_id) DO NOTHING
                        """,
                        [
                            .text(session.clientID.rawValue), .uuid(session.id.uuid), .uuid(session.sessionTypeID.uuid),
                            .json(.array(session.availableCapabilities.map(\.json))), .json(session.metadata),
                            .timestamp(session.createdAt), .timestamp(session.updatedAt),
                        ]
                    )
                ).affectedRows == 1
        } catch  where error.constraint == "sessions_session_type_fkey" {
            // The type was deleted after somebody looked.
            throw ChatError(
                .notFound,
                "There is no such session type.",
                resourceID: session.sessionTypeID.description
            )
        } catch {
            throw error.chatError
        }
        if isNew { return session }
        guard let stored = try await self.session(session.id, of: session.clientID) else {
            throw ChatError(.conflict, "The session was deleted meanwhile.", resourceID: session.id.description)
        }
        return stored
    }

    public func session(_ id: SessionID, of client: ClientID) async throws -> Session? {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    "SELECT \(SessionColumns.list) FROM sessions AS s WHERE s.client_id = $1 AND s.session_id = $2",
                    [.text(client.rawValue), .uuid(id.uuid)]
                )
            )
            return try rows.first?.session(at: 0)
        }
    }

    public func sessionWithType(
        _ id: SessionID,
        of client: ClientID
    ) async throws -> (session: Session, type: SessionType)? {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    SELECT \(SessionColumns.list), \(SessionTypeColumns.list)
                    FROM sessions AS s
                    JOIN session_types AS t ON t.session_type_id = s.session_type_id
                    WHERE s.client_id = $1 AND s.session_id = $2
                    """,
                    [.text(client.rawValue), .uuid(id.uuid)]
                )
            )
            guard let row = rows.first else { return nil }
            return (try row.session(at: 0), try row.sessionType(at: SessionColumns.count))
        }
    }

    public func sessions(of client: ClientID, limit: Int, after cursor: PageCursor?) async throws -> Page<Session> {
        var parameters: [PostgresValue] = [.text(client.rawValue), .integer(Int64(limit))]
        var condition = ""
        if let cursor {
            let (updatedAt, id) = try cursor.timeAndID(in: Self.list, as: Session.self)
            parameters += [.timestamp(updatedAt), .uuid(id.uuid)]
            condition = "AND (s.updated_at, s.session_id) < ($3, $4)"
        }
        let active = """
            SELECT * FROM sessions AS s
            WHERE s.client_id = $1 \(condition)
            ORDER BY s.updated_at DESC, s.session_id DESC
            LIMIT $2 + 1
            """
        let page = PageWindow.page(
            of: active,
            sortedBy: "found.updated_at DESC, found.session_id DESC",
            bytes: PageWindow.sessionBytes,
            limit: "$2"
        )
        let statement = Statement(
            """
            SELECT \(SessionColumns.list), s.is_followed
            FROM (
                \(page)
            ) AS s
            ORDER BY s.updated_at DESC, s.session_id DESC
            """,
            parameters
        )
        return try await withPortErrors {
            let rows = try await self.client.execute(statement)
            let sessions = try rows.map { try $0.session(at: 0) }
            let isFollowed = try rows.last?.boolean(SessionColumns.count) ?? false
            return Page(sessions, isFollowed: isFollowed) { session in
                PageCursor(
                    list: Self.list,
                    keys: [String(session.updatedAt.microsecondsSince1970), session.id.description]
                )
            }
        }
    }
}
