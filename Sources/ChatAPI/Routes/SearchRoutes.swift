internal import ChatCore
internal import Hummingbird

/// The two searches.
struct SearchRoutes: Sendable {
    let operations: ChatOperations

    func add(to table: RouteTable) {
        table.add(.get, "/sessions/{id}/search", takesQuery: true, handle: searchSession)
        table.add(.get, "/search", takesQuery: true, handle: searchSessions)
    }

    @Sendable
    private func searchSession(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        var query = request.query()
        let asked = SearchMessagesOperation.Request(sessionID: id, parameters: try query.search())
        let answer = try await operations.searchMessages(asked, caller: request.caller)
        return Answer.entity(answer.body, for: request.request)
    }

    @Sendable
    private func searchSessions(_ request: APIRequest) async throws -> Response {
        var query = request.query()
        let answer = try await operations.searchSessions(query.search(), caller: request.caller)
        return Answer.entity(answer.body, for: request.request)
    }
}
