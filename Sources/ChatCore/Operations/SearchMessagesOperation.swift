/// Searches in a session: `{results, total, limit, offset, next_cursor}`.
public struct SearchMessagesOperation: ChatOperation {
    let search: any SearchStore

    public struct Request: ReadableRequest, Hashable {
        public var sessionID: SessionID
        public var parameters: SearchParameters

        public init(sessionID: SessionID, parameters: SearchParameters) {
            self.sessionID = sessionID
            self.parameters = parameters
        }

        public init?(from reader: inout ObjectReader) {
            let sessionID = reader.sessionID()
            let parameters = SearchParameters(reading: &reader)
            guard let sessionID, let parameters else { return nil }
            self.init(sessionID: sessionID, parameters: parameters)
        }
    }

    public func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer {
        let query = request.parameters.query(of: caller.clientID)
        guard let page = try await search.searchMessages(of: request.sessionID, query) else {
            throw ChatError.sessionNotFound(request.sessionID)
        }
        return OperationAnswer(reserving: 128 + 1024 * page.results.count) { writer in
            writer.searchPage(page, limit: query.limit) { $0.searchResult($1) }
        }
    }
}
