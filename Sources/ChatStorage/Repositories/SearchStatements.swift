import ChatCore

/// The statements of ``SearchRepository``.
///
/// All that matches is ranked before anything is cut off, by the score and then by age, so that pages fit together.
/// Snippets and neighbours, which cost more than the search itself, are made for the page alone. The total comes
/// whether the page has rows or not.
struct SearchStatements {
    private let query: SearchQuery
    private let session: SessionID?
    private var parameters: SearchParameterList
    private let match: SearchMatch

    /// - Parameter session: the session to search; `nil` for all.
    init(_ query: SearchQuery, session: SessionID?) {
        self.query = query
        self.session = session
        var parameters = SearchParameterList()
        match = SearchMatch(query, session: session, &parameters)
        self.parameters = parameters
    }
}

extension SearchStatements {
    /// A row for each message of the page: total, message, role, snippet, context, score, time, session, and whether the
    /// list goes on behind it. One row with the total alone when there is none, and no row when there is no such session.
    mutating func messages() throws(ChatError) -> Statement {
        // A result is a few lines, so the limit alone bounds the page.
        let page = try page(of: "hits", SearchCursor.Key.messages)
        return Statement(
            """
            WITH \(match.preparation) hits AS MATERIALIZED (
                \(match.rows(of: "message_texts", "t.session_id, t.message_id, t.created_at"))
            ), page AS MATERIALIZED (
                \(page)
            )
            SELECT (SELECT count(*) FROM hits), \(messageColumns), hit.is_followed
            FROM sessions AS s
            LEFT JOIN page AS hit ON true
            \(Self.messageOfHit)
            WHERE s.client_id = $1 AND s.session_id = $2
            ORDER BY hit.score DESC, hit.created_at DESC, hit.message_id DESC
            """,
            parameters.values,
            effect: .readOnly
        )
    }

    /// A row for each matched message of the page's sessions: as ``messages()`` up to its session, and then the session of
    /// the page, its score, in its first row its metadata, and whether the list goes on behind it. Sessions that match by
    /// themselves alone have one row without a message.
    mutating func sessions() throws(ChatError) -> Statement {
        let page = try page(
            of: "found",
            SearchCursor.Key.sessions,
            with: "(SELECT metadata FROM sessions WHERE client_id = $1 AND session_id = sorted.session_id) AS metadata",
            bytes: "octet_length(found.metadata::text)"
        )
        return Statement(
            """
            WITH \(match.preparation) hits AS MATERIALIZED (
                \(match.rows(of: "message_texts", "t.session_id, t.message_id, t.created_at"))
            ), titles AS MATERIALIZED (
                \(match.rows(of: "session_texts", "t.session_id"))
            ), found AS MATERIALIZED (
                SELECT session_id, max(score) AS score
                FROM (SELECT session_id, score FROM hits UNION ALL SELECT session_id, score FROM titles) AS scored
                GROUP BY session_id
            ), page AS MATERIALIZED (
                \(page)
            ), best AS MATERIALIZED (
                SELECT *
                FROM (
                    SELECT *, row_number() OVER (
                        PARTITION BY session_id ORDER BY score DESC, created_at DESC, message_id DESC
                    ) AS place
                    FROM hits
                    WHERE session_id IN (SELECT session_id FROM page)
                ) AS placed
                WHERE place <= \(SessionSearchResult.maximumMatchedMessages)
            )
            SELECT counted.total, \(messageColumns), page.session_id, page.score,
                CASE WHEN coalesce(hit.place, 1) = 1 THEN page.metadata END, page.is_followed
            FROM (SELECT count(*) AS total FROM found) AS counted
            LEFT JOIN page ON true
            LEFT JOIN best AS hit ON hit.session_id = page.session_id
            \(Self.messageOfHit)
            ORDER BY page.score DESC, page.session_id DESC, hit.place
            """,
            parameters.values,
            effect: .readOnly
        )
    }

    /// What ``Row/searchResult(session:)`` reads, after the total.
    private var messageColumns: String {
        """
        hit.message_id, m.role, \(match.snippet), \(Self.context), hit.score, hit.created_at, hit.session_id
        """
    }

    private static let messageOfHit = """
        LEFT JOIN LATERAL (
            SELECT * FROM messages WHERE client_id = $1 AND message_id = hit.message_id OFFSET 0
        ) AS m ON true
        """

    /// The parent; and of the children the active one, or else the first.
    private static let context = """
        concat_ws(
            E'\\n',
            (
                SELECT search_neighbour(role, content) FROM messages
                WHERE client_id = $1 AND message_id = m.parent_message_id
            ),
            (
                SELECT search_neighbour(role, content) FROM messages
                WHERE client_id = $1 AND parent_message_id = m.message_id AND session_id = m.session_id
                ORDER BY is_active DESC, variant_index
                LIMIT 1
            )
        )
        """

    /// The page of a list, sorted by the key.
    ///
    /// - Parameters:
    ///   - column: one more for each row `sorted` of the page.
    ///   - bytes: how long a row of `found` is.
    private mutating func page(
        of list: String,
        _ key: SearchCursor.Key,
        with column: String? = nil,
        bytes: String = "0"
    ) throws(ChatError) -> String {
        var condition = ""
        var offset = query.offset
        if let cursor = query.cursor {
            let place = try SearchCursor(cursor, in: query.listName(in: session), key)
            let keys = place.values.map { parameters.add($0) }.joined(separator: ", ")
            condition = "WHERE (\(key.columns.joined(separator: ", "))) < (\(keys))"
            offset = 0
        }
        let limit = parameters.add(.integer(Int64(query.limit)))
        var rows = """
            SELECT * FROM \(list)
            \(condition)
            ORDER BY \(key.columns.map { "\($0) DESC" }.joined(separator: ", "))
            OFFSET \(parameters.add(.integer(Int64(offset)))) LIMIT \(limit) + 1
            """
        if let column { rows = "SELECT sorted.*, \(column) FROM (\(rows)) AS sorted" }
        return PageWindow.page(
            of: rows,
            sortedBy: key.columns.map { "found.\($0) DESC" }.joined(separator: ", "),
            bytes: bytes,
            limit: limit
        )
    }
}
