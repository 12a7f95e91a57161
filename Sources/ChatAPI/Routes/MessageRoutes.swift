internal import ChatCore
internal import Hummingbird

/// The operations on messages.
struct MessageRoutes: Sendable {
    let operations: ChatOperations

    func add(to table: RouteTable) {
        table.add(.get, "/sessions/{id}/messages", takesQuery: true, handle: list)
        table.add(.get, "/messages/{id}", handle: get)
        table.add(.post, "/messages/{id}/stop", handle: stop)
    }

    @Sendable
    private func list(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        var query = request.query()
        let parameters = ListMessagesOperation.Parameters(reading: &query)
        try query.finish()
        let answer = try await operations.listMessages(
            ListMessagesOperation.Request(sessionID: id, parameters: parameters),
            caller: request.caller
        )
        return Answer.entity(answer.body, for: request.request)
    }

    @Sendable
    private func get(_ request: APIRequest) async throws -> Response {
        let asked = MessageReference(messageID: try request.messageID())
        let answer = try await operations.getMessage(asked, caller: request.caller)
        return Answer.entity(answer.body, for: request.request)
    }

    @Sendable
    private func stop(_ request: APIRequest) async throws -> Response {
        let asked = MessageReference(messageID: try request.messageID())
        try await request.expectEmptyBody()
        let answer = try await operations.stopMessage(asked, caller: request.caller)
        return Answer.json(answer.body)
    }
}
