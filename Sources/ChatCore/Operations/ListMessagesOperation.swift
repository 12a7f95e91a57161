/// Lists the messages of a session: `{messages, next_cursor}`.
public struct ListMessagesOperation: ChatOperation {
    let messages: any MessageStore

    public struct Request: ReadableRequest, Hashable {
        public var sessionID: SessionID
        public var parameters: Parameters

        public init(sessionID: SessionID, parameters: Parameters) {
            self.sessionID = sessionID
            self.parameters = parameters
        }

        public init?(from reader: inout ObjectReader) {
            let sessionID = reader.sessionID()
            let parameters = Parameters(reading: &reader)
            guard let sessionID else { return nil }
            self.init(sessionID: sessionID, parameters: parameters)
        }
    }

    /// Which of the messages, in which order, and which page of them.
    public struct Parameters: Hashable, Sendable {
        public var path: MessageQuery.Path
        public var parentMessageID: MessageID?
        public var limit: Int
        public var isDescending: Bool
        public var cursor: PageCursor?

        /// What is wrong is told when reading is finished.
        public init(reading reader: inout some ParameterReader) {
            path = reader.word("path", of: ["active": .active, "all": .all]) ?? .active
            parentMessageID = reader.identifier("parent_message_id", as: MessageID.self)
            limit = reader.integer("limit", in: 1...1000) ?? 100
            isDescending = reader.word("order", of: ["asc": false, "desc": true]) ?? false
            cursor = reader.cursor()
        }
    }

    public func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer {
        let parameters = request.parameters
        let page = try await messages.messages(
            MessageQuery(
                clientID: caller.clientID,
                sessionID: request.sessionID,
                path: parameters.path,
                parentMessageID: parameters.parentMessageID,
                limit: parameters.limit,
                isDescending: parameters.isDescending,
                cursor: parameters.cursor
            )
        )
        guard let page else { throw ChatError.sessionNotFound(request.sessionID) }
        return OperationAnswer(reserving: 64 + 1024 * page.elements.count) { writer in
            writer.beginObject()
            writer.name("messages")
            writer.beginArray()
            for message in page.elements { writer.message(message) }
            writer.endArray()
            writer.nextCursor(page.nextCursor)
            writer.endObject()
        }
    }
}
