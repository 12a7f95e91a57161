public import ChatCore

/// Shares in PostgreSQL. Tokens are hashed there, on their way in: 256 random bits need no salt.
public struct ShareRepository: ShareStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// The session is locked first and in a statement of its own, so that of two at once the second counts what the first
    /// has made. Those that have expired are forgotten at the occasion. One that is there already, made by a node that died
    /// before it told anybody the token, gets the new one.
    public func createShare(_ share: NewShare) async throws -> ShareCreation {
        try await withPortErrors {
            let results = try await client.transaction([
                Statement(
                    "SELECT FROM sessions WHERE client_id = $1 AND session_id = $2 FOR NO KEY UPDATE",
                    [.text(share.clientID.rawValue), .uuid(share.sessionID.uuid)],
                    effect: .mayWrite
                ),
                Statement(
                    "DELETE FROM shares WHERE client_id = $1 AND session_id = $2 AND expires_at <= now()",
                    [.text(share.clientID.rawValue), .uuid(share.sessionID.uuid)]
                ),
                Self.insert(share),
            ])
            guard let row = results.last?.first else {
                throw PostgresError(.protocolViolation, "A share was answered without a verdict.")
            }
            guard try row.boolean(0) else { return .sessionNotFound }
            return try row.boolean(1) ? .created : .tooMany
        }
    }

    private static func insert(_ share: NewShare) -> Statement {
        Statement(
            """
            WITH session AS MATERIALIZED (
                SELECT client_id, session_id FROM sessions WHERE client_id = $1 AND session_id = $2
            ), created AS (
                INSERT INTO shares (client_id, session_id, share_id, token_hash, created_at, expires_at)
                SELECT client_id, session_id, $3, sha256($4), now(), $5
                FROM session
                WHERE (
                    SELECT count(*) FROM shares
                    WHERE client_id = $1 AND session_id = $2 AND share_id <> $3 AND \(GuestAccess.shareIsInForce)
                ) < $6
                ON CONFLICT (client_id, session_id, share_id) DO UPDATE SET token_hash = excluded.token_hash
                RETURNING share_id
            )
            SELECT EXISTS (SELECT FROM session), EXISTS (SELECT FROM created)
            """,
            [
                .text(share.clientID.rawValue), .uuid(share.sessionID.uuid), .uuid(share.id.uuid),
                .bytes(share.token.bytes), .timestamp(share.expiresAt), .integer(Int64(Share.maximumPerSession)),
            ]
        )
    }

    public func shares(of session: SessionID, client: ClientID) async throws -> [Share]? {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    SELECT shares.share_id, shares.created_at, shares.expires_at
                    FROM sessions AS s
                    LEFT JOIN shares
                        ON shares.client_id = s.client_id AND shares.session_id = s.session_id
                        AND \(GuestAccess.shareIsInForce)
                    WHERE s.client_id = $1 AND s.session_id = $2
                    ORDER BY shares.created_at DESC, shares.share_id DESC
                    LIMIT $3
                    """,
                    [.text(client.rawValue), .uuid(session.uuid), .integer(Int64(Share.maximumPerSession))]
                )
            )
            guard let first = rows.first else { return nil }
            // A session without shares is a single row of NULLs.
            if try first.isNull(0) { return [] }
            return try rows.map { row in
                Share(
                    id: ShareID(try row.uuid(0)),
                    createdAt: try row.timestamp(1),
                    expiresAt: try row.optionalTimestamp(2)
                )
            }
        }
    }

    public func revokeShare(
        _ reference: ShareReference,
        of session: SessionID,
        client: ClientID
    ) async throws -> ShareRevocation {
        let (condition, value): (String, PostgresValue) =
            switch reference {
            case .token(let token): ("token_hash = sha256($3)", .bytes(token.bytes))
            case .id(let id): ("share_id = $3", .uuid(id.uuid))
            }
        return try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    """
                    WITH revoked AS (
                        DELETE FROM shares
                        WHERE client_id = $1 AND session_id = $2 AND \(condition)
                        RETURNING expires_at
                    )
                    SELECT EXISTS (SELECT FROM revoked WHERE expires_at IS NULL OR expires_at > now()),
                        EXISTS (SELECT FROM sessions WHERE client_id = $1 AND session_id = $2)
                    """,
                    [.text(client.rawValue), .uuid(session.uuid), value]
                )
            )
            guard let row = rows.first else {
                throw PostgresError(.protocolViolation, "A revocation was answered without a verdict.")
            }
            if try row.boolean(0) { return .revoked }
            return try row.boolean(1) ? .shareNotFound : .sessionNotFound
        }
    }

    public func session(sharedBy token: ShareToken) async throws -> SharedSession? {
        try await withPortErrors {
            let rows = try await client.execute(
                Statement(
                    """
                    SELECT \(SessionColumns.list), shares.share_id
                    FROM shares
                    JOIN sessions AS s ON s.client_id = shares.client_id AND s.session_id = shares.session_id
                    WHERE shares.token_hash = sha256($1) AND \(GuestAccess.shareIsInForce)
                    """,
                    [.bytes(token.bytes)]
                )
            )
            guard let row = rows.first else { return nil }
            return SharedSession(
                session: try row.session(at: 0),
                shareID: ShareID(try row.uuid(SessionColumns.count))
            )
        }
    }
}
