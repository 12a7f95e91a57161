extension JSONWriter {
    /// Writes a page of a search (`contract/rest.md`, 'Operations'), its results by `write`.
    mutating func searchPage<Element>(
        _ page: SearchPage<Element>,
        limit: Int,
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        beginObject()
        name("results")
        beginArray()
        for result in page.results { write(&self, result) }
        endArray()
        name("total")
        integer(page.total)
        name("limit")
        integer(limit)
        name("offset")
        integer(page.offset)
        nextCursor(page.nextCursor)
        endObject()
    }

    mutating func searchResult(_ result: SearchResult) {
        beginObject()
        name("message_id")
        string(result.messageID.description)
        name("session_id")
        string(result.sessionID.description)
        name("role")
        string(result.role.rawValue)
        name("content")
        string(result.snippet)
        name("context")
        string(result.context)
        name("score")
        value(result.score.json)
        name("created_at")
        string(result.createdAt.description)
        endObject()
    }

    mutating func sessionSearchResult(_ result: SessionSearchResult) {
        beginObject()
        name("session_id")
        string(result.sessionID.description)
        name("metadata")
        object(result.metadata)
        name("matched_messages")
        beginArray()
        for message in result.matchedMessages { searchResult(message) }
        endArray()
        name("score")
        value(result.score.json)
        endObject()
    }
}
