import ChatCore

/// The statements of ``SummaryRepository``.
enum SummaryStatements {
    /// Whether a run is this node's and has not ended. Not by `=`, which would make the planner look among all that runs on
    /// the node.
    private static func isRunning(on node: String) -> String {
        "node_id IS NOT DISTINCT FROM \(node) AND state = 'streaming'"
    }

    /// Keeps the session from being deleted before the end of the transaction.
    static func hold(_ session: SessionID, of client: ClientID) -> Statement {
        Statement(
            "SELECT FROM sessions WHERE client_id = $1 AND session_id = $2 FOR KEY SHARE",
            [.text(client.rawValue), .uuid(session.uuid)],
            effect: .mayWrite
        )
    }

    static func history(_ summary: NewSummary) -> Statement {
        HistoryStatement.make(
            of: summary.sessionID,
            client: summary.clientID,
            to: .activeLeaf,
            limit: summary.historyLimit
        )
    }

    /// Decides, and writes if all is well. The verdict is the first column, the id of an earlier run with this key the
    /// second.
    static func write(_ summary: NewSummary) -> Statement {
        Statement(
            """
            WITH \(KeySteps.known(client: "$5", key: "$6")), verdict AS MATERIALIZED (
                SELECT CASE
                    \(KeySteps.verdicts(digest: "$7"))
                    WHEN NOT EXISTS (SELECT FROM sessions WHERE client_id = $1 AND session_id = $2)
                        THEN 'session_not_found'
                    ELSE 'accepted'
                END AS verdict
            ), \(KeySteps.claimed(
                client: "$5",
                key: "$6",
                digest: "$7",
                result: "jsonb_build_object('summary_id', $3::uuid)"
            )), written AS (
                INSERT INTO summaries (client_id, session_id, summary_id, node_id, state, started_at)
                SELECT $1, $2, $3, $4, 'streaming', clock_timestamp()
                FROM verdict
                WHERE verdict = 'accepted' AND EXISTS (SELECT FROM claimed_key)
                RETURNING summary_id
            )
            SELECT
                CASE WHEN verdict = 'accepted' AND summary_id IS NULL THEN 'claimed_meanwhile' ELSE verdict END,
                (SELECT result ->> 'summary_id' FROM known_key)::uuid
            FROM verdict
            LEFT JOIN written ON true
            """,
            [
                .text(summary.clientID.rawValue), .uuid(summary.sessionID.uuid), .uuid(summary.summaryID.uuid),
                .uuid(summary.nodeID.uuid), .text(summary.idempotency.clientID.rawValue),
                .text(summary.idempotency.key), .text(summary.idempotency.digest),
            ]
        )
    }

    static func checkpoint(_ checkpoint: StreamCheckpoint) -> Statement {
        Statement(
            """
            UPDATE summaries SET content = $4, chunk_count = $5
            WHERE client_id = $1 AND summary_id = $2 AND \(isRunning(on: "$3")) AND chunk_count <= $5
            """,
            [
                .text(checkpoint.clientID.rawValue), .uuid(checkpoint.messageID.uuid), .uuid(checkpoint.nodeID.uuid),
                .json(checkpoint.content), .integer(Int64(checkpoint.chunks)),
            ]
        )
    }

    static func end(_ end: StreamEnd) -> Statement {
        Statement(
            """
            UPDATE summaries SET state = $4, content = $5, chunk_count = $6, metadata = $7
            WHERE client_id = $1 AND summary_id = $2 AND \(isRunning(on: "$3"))
            """,
            [
                .text(end.clientID.rawValue), .uuid(end.messageID.uuid), .uuid(end.nodeID.uuid),
                .text(end.state.rawValue), .json(end.content), .integer(Int64(end.chunks)), .json(end.metadata),
            ]
        )
    }

    /// Serialises everything that changes the session of a run; returns its id and its metadata.
    static func lockSession(of run: MessageID, client: ClientID) -> Statement {
        Statement(
            """
            SELECT session_id, metadata FROM sessions
            WHERE client_id = $1
                AND session_id = (SELECT session_id FROM summaries WHERE client_id = $1 AND summary_id = $2)
            FOR NO KEY UPDATE
            """,
            [.text(client.rawValue), .uuid(run.uuid)],
            effect: .mayWrite
        )
    }

    /// State, content, number of chunks and metadata of a run, whether it has ended or not.
    static func run(_ id: MessageID, of client: ClientID) -> Statement {
        Statement(
            """
            SELECT state, content, chunk_count, metadata FROM summaries WHERE client_id = $1 AND summary_id = $2
            """,
            [.text(client.rawValue), .uuid(id.uuid)]
        )
    }
}
