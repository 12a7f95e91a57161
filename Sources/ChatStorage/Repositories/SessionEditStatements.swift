import ChatCore

/// The statements of ``SessionEditRepository``. An edit locks the session first and in a statement of its own, as a
/// statement does not see what was committed while it waited for a lock; the counter of the client's events comes last.
enum SessionEditStatements {
    /// Serialises everything that changes one session; returns its metadata.
    static func lock(_ session: SessionID, of client: ClientID) -> Statement {
        Statement(
            "SELECT metadata FROM sessions WHERE client_id = $1 AND session_id = $2 FOR NO KEY UPDATE",
            [.text(client.rawValue), .uuid(session.uuid)],
            effect: .mayWrite
        )
    }

    /// Returns the session and whether it was changed.
    static func setMetadata(_ metadata: JSONObject, of session: SessionID, client: ClientID) -> Statement {
        Statement(
            """
            WITH changed AS (
                UPDATE sessions AS s SET metadata = $3, updated_at = \(now)
                WHERE s.client_id = $1 AND s.session_id = $2 AND s.metadata <> $3
                RETURNING s.*
            ), told AS MATERIALIZED (
                SELECT append_session_updated(client_id, session_id, json_build_object('metadata', metadata))
                FROM changed
            )
            SELECT \(columns)
            \(edited)
            """,
            [.text(client.rawValue), .uuid(session.uuid), .json(metadata)]
        )
    }

    /// Returns the session and whether it was changed. Only what differs is told of.
    static func switchType(
        of session: SessionID,
        client: ClientID,
        to type: SessionTypeID,
        capabilities: [Capability]
    ) -> Statement {
        Statement(
            """
            WITH before AS MATERIALIZED (
                SELECT session_type_id <> $3 AS has_another_type, available_capabilities <> $4 AS has_other_capabilities
                FROM sessions
                WHERE client_id = $1 AND session_id = $2
            ), changed AS (
                UPDATE sessions AS s SET session_type_id = $3, available_capabilities = $4, updated_at = \(now)
                FROM before
                WHERE s.client_id = $1 AND s.session_id = $2
                    AND (before.has_another_type OR before.has_other_capabilities)
                RETURNING s.*
            ), told AS MATERIALIZED (
                SELECT append_session_updated(
                    client_id,
                    session_id,
                    (
                        CASE WHEN has_another_type
                            THEN jsonb_build_object('session_type_id', session_type_id) ELSE '{}'
                        END
                        || CASE WHEN has_other_capabilities
                            THEN jsonb_build_object('available_capabilities', available_capabilities) ELSE '{}'
                        END
                    )::json
                )
                FROM changed
                CROSS JOIN before
            )
            SELECT \(columns)
            \(edited)
            """,
            [
                .text(client.rawValue), .uuid(session.uuid), .uuid(type.uuid),
                .json(.array(capabilities.map(\.json))),
            ]
        )
    }

    /// Times within a session strictly increase, even when the clock is set back.
    private static let now = "greatest(clock_timestamp(), s.updated_at + interval '1 microsecond')"

    private static let columns = "\(SessionColumns.list), s.is_changed"

    /// The session as `changed` left it, or as it is.
    private static let edited = """
        FROM (
            SELECT *, true AS is_changed FROM changed
            UNION ALL
            SELECT *, false FROM sessions
            WHERE client_id = $1 AND session_id = $2 AND NOT EXISTS (SELECT FROM changed)
        ) AS s
        WHERE (SELECT count(*) FROM told) >= 0
        """
}
