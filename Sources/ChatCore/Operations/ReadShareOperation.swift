/// Reads a session by a share token: `{session_id, messages, next_cursor, read_only, metadata}`.
///
/// The owner's active path as it is now, a page at a time; without a limit, as much as a page can hold.
public struct ReadShareOperation: ChatOperation {
    let openShare: OpenShare
    let messages: any MessageStore

    public struct Request: ReadableRequest, Hashable {
        /// As it came.
        public var token: String
        public var page: PageParameters

        public init(token: String, page: PageParameters) {
            self.token = token
            self.page = page
        }

        public init?(from reader: inout ObjectReader) {
            let token = reader.requiredText("share_token")
            let page = PageParameters(reading: &reader)
            guard let token else { return nil }
            self.init(token: token, page: page)
        }
    }

    /// The token is all that counts, whoever the caller is.
    public func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer {
        try await self(request)
    }

    public func callAsFunction(_ request: Request) async throws -> OperationAnswer {
        let session = try await openShare(request.token)
        let page = try await messages.messages(
            MessageQuery(
                clientID: session.clientID,
                sessionID: session.id,
                limit: request.page.limit,
                cursor: request.page.cursor
            )
        )
        // Deleted since the token was looked up.
        guard let page else { throw ChatError.shareNotFound }
        return OperationAnswer(reserving: 512 + 1024 * page.elements.count) { writer in
            writer.beginObject()
            writer.name("session_id")
            writer.string(session.id.description)
            writer.name("messages")
            writer.beginArray()
            for message in page.elements { writer.message(message.asSeen(byStrangersTo: session.clientID)) }
            writer.endArray()
            writer.nextCursor(page.nextCursor)
            writer.name("read_only")
            writer.flag(true)
            writer.name("metadata")
            writer.object(session.metadata)
            writer.endObject()
        }
    }
}

extension Message {
    /// Strangers learn which messages are the owner's, not who that is.
    fileprivate func asSeen(byStrangersTo owner: ClientID) -> Message {
        var message = self
        message.authorID = ClientID(authorID) == owner ? "owner" : "guest"
        return message
    }
}
