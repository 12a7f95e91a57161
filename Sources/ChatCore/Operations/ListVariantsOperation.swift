/// Lists a message and its siblings: `{variants, current_index}`, and `next_cursor` where there are more than a page can
/// hold.
public struct ListVariantsOperation: ChatOperation {
    let tree: any MessageTreeStore

    public struct Request: ReadableRequest, Hashable {
        public var messageID: MessageID
        public var page: PageParameters

        public init(messageID: MessageID, page: PageParameters) {
            self.messageID = messageID
            self.page = page
        }

        public init?(from reader: inout ObjectReader) {
            let messageID = reader.identifier("message_id", required: true, as: MessageID.self)
            let page = PageParameters(reading: &reader)
            guard let messageID else { return nil }
            self.init(messageID: messageID, page: page)
        }
    }

    /// `current_index` is the place of the active variant, whichever of them was asked about.
    public func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer {
        let page = try await tree.variants(
            of: request.messageID,
            client: caller.clientID,
            limit: request.page.limit,
            after: request.page.cursor
        )
        guard let page else { throw ChatError.messageNotFound(request.messageID) }
        return OperationAnswer(reserving: 64 + 1024 * page.variants.elements.count) { writer in
            writer.beginObject()
            writer.name("variants")
            writer.beginArray()
            for message in page.variants.elements { writer.message(message) }
            writer.endArray()
            writer.name("current_index")
            writer.integer(page.currentIndex)
            if let cursor = page.variants.nextCursor { writer.nextCursor(cursor) }
            writer.endObject()
        }
    }
}
