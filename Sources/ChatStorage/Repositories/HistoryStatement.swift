import ChatCore

/// What a backend is told of the session: the path from its root to a message, without messages that are empty and
/// incomplete.
enum HistoryStatement {
    /// Where the path ends.
    enum End {
        /// With the leaf of the active path; no history in an empty session.
        case activeLeaf
        case message(MessageID)
        case parent(of: MessageID)
    }

    /// - Parameters:
    ///   - limit: how many of the newest messages of the path; `nil` for all.
    ///   - place: of a request that may wait: when it has to, nothing is read.
    ///
    /// Returns messages in no order; ``ResultSet/history()`` reads them.
    static func make(
        of session: SessionID,
        client: ClientID,
        to end: End,
        limit: Int?,
        place: WaitingPlace? = nil
    ) -> Statement {
        var parameters: [PostgresValue] = [.text(client.rawValue), .uuid(session.uuid)]
        let last: String
        var awaited = "s.active_leaf_message_id"
        switch end {
        case .activeLeaf: last = awaited
        case .message(let id):
            parameters.append(.uuid(id.uuid))
            awaited = "$\(parameters.count)"
            last = awaited
        case .parent(let id):
            parameters.append(.uuid(id.uuid))
            awaited = "$\(parameters.count)"
            last = "(SELECT parent_message_id FROM messages WHERE client_id = $1 AND message_id = \(awaited))"
        }
        var condition = ""
        if place != nil {
            parameters += WaitingSteps.parameters(place)
            let waiting = WaitingSteps(line: "$\(parameters.count - 1)", ticket: "$\(parameters.count)")
            // In this form it is decided before anything else is read.
            condition = """
                AND CASE
                    WHEN (SELECT state FROM messages WHERE client_id = $1 AND message_id = \(awaited)) = 'streaming'
                        THEN false
                    WHEN \(waiting.othersComeFirst(leaf: "s.active_leaf_message_id")) THEN false
                    ELSE true
                END
                """
        }
        var newest = ""
        if let limit {
            parameters.append(.integer(Int64(max(0, limit))))
            newest = "ORDER BY m.depth DESC LIMIT $\(parameters.count)"
        }
        return Statement(
            """
            SELECT \(MessageColumns.list), m.depth
            FROM sessions AS s
            CROSS JOIN LATERAL message_path(s.client_id, s.session_id, \(last)) AS path
            CROSS JOIN LATERAL (
                SELECT * FROM messages
                WHERE messages.client_id = $1 AND messages.branch_id = path.branch_id
                    AND messages.depth <= path.last_depth
                    AND (messages.state = 'complete' OR messages.content <> '[]')
                OFFSET 0
            ) AS m
            WHERE s.client_id = $1 AND s.session_id = $2
            \(condition)
            \(newest)
            """,
            parameters
        )
    }
}

extension ResultSet {
    /// Oldest first; sorted here, as a sort of whole messages in the database costs more than reading them.
    func history() throws -> [Message] {
        let placed = try map { row in
            PlacedMessage(message: try row.message(at: 0), depth: Int(try row.integer(MessageColumns.count)))
        }
        return placed.sorted { $0.depth < $1.depth }.map(\.message)
    }
}
