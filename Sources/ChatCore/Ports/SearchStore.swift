/// Searches what a client's sessions hold: every message that has ended, on whatever branch.
///
/// Every method throws ``ChatError``: `INVALID_REQUEST` for a cursor that is not one of this search,
/// `SERVICE_UNAVAILABLE` when the database is out of reach or the search takes too long.
public protocol SearchStore: Sendable {
    /// The messages of a session that match, best first, of equals the newest first.
    ///
    /// - Returns: `nil` when the client has no such session.
    func searchMessages(of session: SessionID, _ query: SearchQuery) async throws -> SearchPage<SearchResult>?

    /// The sessions with a message, a title or a tag that matches, best first, of equals the newest first.
    func searchSessions(_ query: SearchQuery) async throws -> SearchPage<SessionSearchResult>
}

/// What is looked for, and which page of what is found.
public struct SearchQuery: Hashable, Sendable {
    public var clientID: ClientID
    public var text: SearchText
    /// 1…100.
    public var limit: Int
    /// How many results to pass over; 0 with a cursor, which knows its own place.
    public var offset: Int
    public var cursor: PageCursor?

    public init(
        clientID: ClientID,
        text: SearchText,
        limit: Int = 20,
        offset: Int = 0,
        cursor: PageCursor? = nil
    ) {
        self.clientID = clientID
        self.text = text
        self.limit = limit
        self.offset = offset
        self.cursor = cursor
    }

    /// The list as cursors name it: another text or another session is another list.
    public func listName(in session: SessionID?) -> String {
        "search:\(session?.description ?? "sessions"):\(StableDigest.hexadecimal(of: Array(text.query.utf8)))"
    }
}

/// One page of what a search found.
public struct SearchPage<Element: Sendable>: Sendable {
    public var results: [Element]
    /// Everything found, on all pages.
    public var total: Int
    /// How many results come before this page.
    public var offset: Int
    /// `nil` at the end of the list.
    public var nextCursor: PageCursor?

    public init(results: [Element], total: Int, offset: Int, nextCursor: PageCursor?) {
        self.results = results
        self.total = total
        self.offset = offset
        self.nextCursor = nextCursor
    }
}
