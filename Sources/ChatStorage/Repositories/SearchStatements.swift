import ChatCore

/// The statements of ``SearchRepository``.
///
/// All that matches is ranked before anything is cut off, by the score and then by age, so that pages fit together.
/// Snippets and neighbours, which cost more than the search itself, are made for the page alone. The total comes
/// whether the page has rows or not.
struct SearchStatements {
    private let query: SearchQuery
    private let session: SessionID?
    private var parameters = Parameters()
    /// Queries to join, if any: CTEs, with a comma behind.
    private let preparation: String
    /// What is asked of each text `t`.
    private let columns: String
    /// Joins and conditions that select the texts `t` that match.
    private let selection: String
    /// Of the message `m` of a `hit`.
    private let snippet: String

    /// - Parameter session: the session to search; `nil` for all.
    init(_ query: SearchQuery, session: SessionID?) {
        self.query = query
        self.session = session
        // By the collation of the index that is meant, so that no other is taken.
        let collation = if case .words = query.text.kind { "\"POSIX\"" } else { "ucs_basic" }
        var owner = "t.client_id = \(parameters.add(.text(query.clientID.rawValue))) COLLATE \(collation)"
        if let session { owner += " AND t.session_id = \(parameters.add(.uuid(session.uuid)))" }
        switch query.text.kind {
        case .words:
            let words = parameters.add(.text(query.text.query))
            // A text is searched in its own language; the index is asked once for all of them.
            preparation = """
                queries AS MATERIALIZED (
                    SELECT language, query FROM search_queries(\(words))
                ), any_query AS MATERIALIZED (
                    SELECT string_agg('(' || query::text || ')', ' | ')::tsquery AS query FROM queries
                ),
                """
            columns = "q.language, q.query, search_score(t.document, q.query) AS score"
            selection = """
                JOIN queries AS q ON q.language = t.language
                WHERE \(owner) AND t.document @@ (SELECT query FROM any_query) AND t.document @@ q.query
                """
            snippet = "search_snippet(hit.language, message_text(m.content), hit.query)"
        case .substrings(let alternatives):
            let included = alternatives.flatMap(\.included)
            let terms = parameters.add(.textArray(included))
            let anyTerm = parameters.add(.text(SubstringPattern.expression(of: included)))
            let condition = Self.condition(alternatives, &parameters)
            preparation = ""
            columns = "search_substring_score(t.unspaced_text, \(terms)) AS score"
            selection = "WHERE \(owner) AND t.unspaced_text IS NOT NULL AND (\(condition))"
            snippet = """
                coalesce(
                    search_excerpt(message_text(m.content), \(terms), \(anyTerm)), left(message_text(m.content), 160)
                )
                """
        }
    }

    /// What the index cannot help with, terms shorter than a trigram and exclusions, is looked for the quicker way.
    private static func condition(_ alternatives: [SearchText.Alternative], _ parameters: inout Parameters) -> String {
        alternatives.map { alternative in
            let included = alternative.included.map { term in
                term.unicodeScalars.count < 3
                    ? "strpos(t.unspaced_text, lower(\(parameters.add(.text(term))))) > 0"
                    : "t.unspaced_text LIKE lower(\(parameters.add(.text(SubstringPattern.like(term)))))"
            }
            let excluded = alternative.excluded.map { term in
                "strpos(t.unspaced_text, lower(\(parameters.add(.text(term))))) = 0"
            }
            return "(\((included + excluded).joined(separator: " AND ")))"
        }.joined(separator: " OR ")
    }

    /// The parameters of a statement, each known by its placeholder.
    private struct Parameters {
        private(set) var values: [PostgresValue] = []

        mutating func add(_ value: PostgresValue) -> String {
            values.append(value)
            return "$\(values.count)"
        }
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
            WITH \(preparation) hits AS MATERIALIZED (
                SELECT t.session_id, t.message_id, t.created_at, \(columns)
                FROM message_texts AS t
                \(selection)
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
    /// the page, its score, in its first row its metadata, and whether the list goes on behind it. Sessions that match by themselves alone have one row without a message.
    mutating func sessions() throws(ChatError) -> Statement {
        let page = try page(
            of: "found",
            SearchCursor.Key.sessions,
            with: "(SELECT metadata FROM sessions WHERE client_id = $1 AND session_id = sorted.session_id) AS metadata",
            bytes: "octet_length(found.metadata::text)"
        )
        return Statement(
            """
            WITH \(preparation) hits AS MATERIALIZED (
                SELECT t.session_id, t.message_id, t.created_at, \(columns)
                FROM message_texts AS t
                \(selection)
            ), titles AS MATERIALIZED (
                SELECT t.session_id, \(columns)
                FROM session_texts AS t
                \(selection)
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
        hit.message_id, m.role, \(snippet), \(Self.context), hit.score, hit.created_at, hit.session_id
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
