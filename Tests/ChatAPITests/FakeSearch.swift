import ChatCore

/// Finds every message, and every session, whatever is searched for.
struct FakeSearch: SearchStore {
    let database: FakeDatabase

    func searchMessages(of session: SessionID, _ query: SearchQuery) async throws -> SearchPage<SearchResult>? {
        try database.use { content in
            guard content.sessions.contains(where: { $0.id == session && $0.clientID == query.clientID }) else {
                return nil
            }
            let results = content.messages.filter { $0.sessionID == session }.map(Self.result)
            return SearchPage(
                results: results,
                total: results.count,
                offset: query.offset,
                nextCursor: content.nextCursor
            )
        }
    }

    func searchSessions(_ query: SearchQuery) async throws -> SearchPage<SessionSearchResult> {
        try database.use { content in
            let results = content.sessions.filter { $0.clientID == query.clientID }.map { session in
                SessionSearchResult(
                    sessionID: session.id,
                    metadata: session.metadata,
                    matchedMessages: content.messages.filter { $0.sessionID == session.id }.map(Self.result),
                    score: SearchScore(millionths: 500_000)
                )
            }
            return SearchPage(
                results: results,
                total: results.count,
                offset: query.offset,
                nextCursor: content.nextCursor
            )
        }
    }

    private static func result(_ message: Message) -> SearchResult {
        SearchResult(
            messageID: message.id,
            sessionID: message.sessionID,
            role: message.role,
            snippet: "a «match»",
            context: "user: before",
            score: SearchScore(millionths: 250_000),
            createdAt: message.createdAt
        )
    }
}
