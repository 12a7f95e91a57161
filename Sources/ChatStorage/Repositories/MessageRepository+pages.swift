import ChatCore

extension MessageRepository {
    /// One page of an active path. On a path each depth occurs once, so a page is a range of depths, found on the few
    /// branches the path is made of.
    static func activePathPage(_ query: MessageQuery) throws(ChatError) -> Statement {
        let last = try query.cursor?.number(in: query.listName)
        let direction = query.isDescending ? "DESC" : "ASC"
        // One more than the page, to know whether the list goes on.
        let range =
            query.isDescending
            ? """
            greatest(bounds.first_depth, least(bounds.last_depth, $4 - 1) - $5) AS low,
                least(bounds.last_depth, $4 - 1) AS high
            """
            : """
            greatest(bounds.first_depth, $4 + 1) AS low,
                least(bounds.last_depth, greatest(bounds.first_depth, $4 + 1) + $5) AS high
            """
        let onPath = """
            SELECT on_branch.*
            FROM message_path(page.client_id, page.session_id, page.leaf_message_id) AS path
            CROSS JOIN LATERAL (
                SELECT * FROM messages
                WHERE messages.client_id = $1 AND messages.branch_id = path.branch_id
                    AND messages.depth BETWEEN page.low AND least(page.high, path.last_depth)
                OFFSET 0
            ) AS on_branch
            """
        let sql = """
            WITH bounds AS MATERIALIZED (
                SELECT s.client_id, s.session_id, leaf.message_id AS leaf_message_id, leaf.depth AS last_depth,
                    coalesce(parent.depth + 1, 0) AS first_depth
                FROM sessions AS s
                LEFT JOIN messages AS parent
                    ON parent.client_id = $1 AND parent.message_id = $3 AND parent.session_id = s.session_id
                LEFT JOIN messages AS leaf
                    ON leaf.client_id = $1 AND leaf.message_id = CASE
                        WHEN $3::uuid IS NULL THEN s.active_leaf_message_id
                        WHEN parent.message_id IS NOT NULL THEN active_leaf_below($1, $2, $3)
                    END
                WHERE s.client_id = $1 AND s.session_id = $2
            ), page AS MATERIALIZED (
                SELECT bounds.*, \(range)
                FROM bounds
            )
            SELECT \(MessageColumns.list), m.depth, m.is_followed
            FROM page
            LEFT JOIN LATERAL (
                \(PageWindow.page(
                    of: onPath,
                    sortedBy: "found.depth \(direction)",
                    bytes: PageWindow.messageBytes,
                    limit: "$5"
                ))
            ) AS m ON true
            ORDER BY m.depth \(direction)
            """
        let unbounded = query.isDescending ? Int(Int32.max) : -1
        return Statement(
            sql,
            [
                .text(query.clientID.rawValue), .uuid(query.sessionID.uuid), .uuid(query.parentMessageID?.uuid),
                .integer(Int64(last ?? unbounded)), .integer(Int64(query.limit)),
            ],
            effect: .readOnly
        )
    }

    /// One page of all messages, or of all children of one, in the order of their creation.
    static func creationPage(_ query: MessageQuery) throws(ChatError) -> Statement {
        var parameters: [PostgresValue] = [
            .text(query.clientID.rawValue), .uuid(query.sessionID.uuid), .integer(Int64(query.limit)),
        ]
        var conditions = ""
        if let parent = query.parentMessageID {
            parameters.append(.uuid(parent.uuid))
            conditions += " AND messages.parent_message_id = $\(parameters.count)"
        }
        if let cursor = query.cursor {
            let (createdAt, id) = try cursor.timeAndID(in: query.listName, as: Message.self)
            parameters += [.timestamp(createdAt), .uuid(id.uuid)]
            conditions += " AND (messages.created_at, messages.message_id) \(query.isDescending ? "<" : ">")"
            conditions += " ($\(parameters.count - 1), $\(parameters.count))"
        }
        let direction = query.isDescending ? "DESC" : "ASC"
        let created = """
            SELECT * FROM messages
            WHERE messages.client_id = $1 AND messages.session_id = $2\(conditions)
            ORDER BY messages.created_at \(direction), messages.message_id \(direction)
            LIMIT $3 + 1
            """
        let sql = """
            SELECT \(MessageColumns.list), m.depth, m.is_followed
            FROM sessions AS s
            LEFT JOIN LATERAL (
                \(PageWindow.page(
                    of: created,
                    sortedBy: "found.created_at \(direction), found.message_id \(direction)",
                    bytes: PageWindow.messageBytes,
                    limit: "$3"
                ))
            ) AS m ON true
            WHERE s.client_id = $1 AND s.session_id = $2
            ORDER BY m.created_at \(direction), m.message_id \(direction)
            """
        return Statement(sql, parameters)
    }
}

extension MessageQuery {
    /// The list as cursors name it: another session, path, parent or direction is another list.
    var listName: String {
        let parent = parentMessageID.map { ":\($0)" } ?? ""
        return "messages:\(sessionID):\(path.rawValue):\(isDescending ? "desc" : "asc")\(parent)"
    }

    func cursor(after last: PlacedMessage) -> PageCursor {
        switch path {
        case .active:
            PageCursor(list: listName, keys: [String(last.depth)])
        case .all:
            PageCursor(
                list: listName,
                keys: [String(last.message.createdAt.microsecondsSince1970), last.message.id.description]
            )
        }
    }
}
