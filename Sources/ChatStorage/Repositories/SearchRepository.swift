public import ChatCore

/// Full-text search in PostgreSQL.
public struct SearchRepository: SearchStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func searchMessages(
        of session: SessionID,
        _ query: SearchQuery
    ) async throws -> SearchPage<SearchResult>? {
        var statements = SearchStatements(query, session: session)
        let statement = try statements.messages()
        let offset = try query.offset(in: session, .messages)
        return try await withPortErrors {
            let rows = try await client.execute(statement)
            guard let first = rows.first else { return nil }
            let total = Int(try first.integer(0))
            let results = try rows.compactMap { try $0.searchResult() }
            let isFollowed = try rows.last?.optionalBoolean(8) ?? false
            return SearchPage(results, isFollowed, total: total, of: query, in: session, offset: offset) { result in
                [
                    String(result.score.millionths), String(result.createdAt.microsecondsSince1970),
                    result.messageID.description,
                ]
            }
        }
    }

    public func searchSessions(_ query: SearchQuery) async throws -> SearchPage<SessionSearchResult> {
        var statements = SearchStatements(query, session: nil)
        let statement = try statements.sessions()
        let offset = try query.offset(in: nil, .sessions)
        return try await withPortErrors {
            let rows = try await client.execute(statement)
            let total = Int(try rows.first?.integer(0) ?? 0)
            var results: [SessionSearchResult] = []
            for row in rows {
                guard let id = try row.optionalUUID(8).map({ SessionID($0) }) else { continue }
                if results.last?.sessionID != id {
                    results.append(
                        SessionSearchResult(
                            sessionID: id,
                            metadata: try row.jsonObject(10),
                            matchedMessages: [],
                            score: SearchScore(millionths: Int(try row.integer(9)))
                        )
                    )
                }
                if let result = try row.searchResult() { results[results.count - 1].matchedMessages.append(result) }
            }
            let isFollowed = try rows.last?.optionalBoolean(11) ?? false
            return SearchPage(results, isFollowed, total: total, of: query, in: nil, offset: offset) { result in
                [String(result.score.millionths), result.sessionID.description]
            }
        }
    }
}

extension SearchQuery {
    fileprivate func offset(in session: SessionID?, _ key: SearchCursor.Key) throws(ChatError) -> Int {
        guard let cursor else { return offset }
        return try SearchCursor(cursor, in: listName(in: session), key).offset
    }
}

extension SearchPage {
    fileprivate init(
        _ results: [Element],
        _ isFollowed: Bool,
        total: Int,
        of query: SearchQuery,
        in session: SessionID?,
        offset: Int,
        keys: (Element) -> [String]
    ) {
        let page = Page(results, isFollowed: isFollowed) { last in
            PageCursor(list: query.listName(in: session), keys: keys(last) + [String(offset + results.count)])
        }
        self.init(results: page.elements, total: total, offset: offset, nextCursor: page.nextCursor)
    }
}

extension Row {
    /// Reads what `SearchStatements.messageColumns` lists, after the total; `nil` when there is no message.
    fileprivate func searchResult() throws(PostgresError) -> SearchResult? {
        guard let id = try optionalUUID(1) else { return nil }
        return SearchResult(
            messageID: MessageID(id),
            sessionID: SessionID(try uuid(7)),
            role: try word(2, as: Message.Role.self),
            snippet: try optionalText(3) ?? "",
            context: try text(4),
            score: SearchScore(millionths: Int(try integer(5))),
            createdAt: try timestamp(6)
        )
    }
}
