import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

extension StorageFixture {
    var search: SearchRepository { SearchRepository(client: client) }

    func query(
        _ text: String,
        of client: ClientID? = nil,
        limit: Int = 20,
        offset: Int = 0,
        cursor: PageCursor? = nil
    ) throws -> SearchQuery {
        SearchQuery(
            clientID: client ?? owner,
            text: try SearchText(text),
            limit: limit,
            offset: offset,
            cursor: cursor
        )
    }

    /// The messages of a session that are found, by id.
    func found(_ text: String, in session: SessionID) async throws -> [MessageID] {
        let page = try #require(try await search.searchMessages(of: session, try query(text)))
        #expect(page.total == page.results.count)
        return page.results.map(\.messageID)
    }

    /// What is found of the one message of a session that matches.
    func onlyResult(_ text: String, in session: SessionID) async throws -> SearchResult {
        let page = try #require(try await search.searchMessages(of: session, try query(text)))
        #expect(page.total == 1)
        return try #require(page.results.first)
    }

    /// The sessions that are found, by id.
    func foundSessions(_ text: String) async throws -> [SessionID] {
        let page = try await search.searchSessions(try query(text))
        #expect(page.total == page.results.count)
        return page.results.map(\.sessionID)
    }

    func makeSession(
        metadata: JSONObject,
        type: SessionTypeID? = nil,
        of client: ClientID? = nil
    ) async throws
        -> SessionID
    {
        let session = Session(
            id: .make(),
            clientID: client ?? owner,
            sessionTypeID: type ?? self.type.id,
            availableCapabilities: [],
            metadata: metadata,
            createdAt: .now,
            updatedAt: .now
        )
        try await sessions.createSession(session)
        return session.id
    }

    /// A message of a user and the answer, with these contents.
    @discardableResult
    func say(
        _ text: String,
        answer: [ContentPart] = [.text("Sure.")],
        in session: SessionID,
        under parent: NewExchange.Parent = .activeLeaf,
        type: SessionTypeID? = nil
    ) async throws -> BegunExchange {
        var exchange = exchange(in: session, under: parent, text: text)
        if let type { exchange.sessionTypeID = type }
        let begun = try await begin(exchange)
        try await finish(begun.response.id, content: answer)
        return begun
    }

    /// Adds a session type whose `meta.search_language` is this.
    func makeType(searchLanguage: JSONValue) async throws -> SessionTypeID {
        var type = SessionType(id: .make(), name: "type", webhookURL: "http://127.0.0.1:1/")
        type.meta = ["search_language": searchLanguage]
        try await sessionTypes.createSessionType(type)
        return type.id
    }
}
