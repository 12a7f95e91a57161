internal import ChatCore
internal import ChatRuntime
internal import Hummingbird

/// The operations on the variants of a message, and reactions to it.
struct MessageTreeRoutes: Sendable {
    let operations: ChatOperations
    let editing: EditingServices

    func add(to table: RouteTable) {
        table.add(.get, "/messages/{id}/variants", takesQuery: true, handle: variants)
        table.add(.post, "/messages/{id}/activate", handle: activate)
        table.add(.post, "/messages/{id}/reaction", handle: react)
    }

    @Sendable
    private func variants(_ request: APIRequest) async throws -> Response {
        let id = try request.messageID()
        var query = request.query()
        let page = PageParameters(reading: &query)
        try query.finish()
        let asked = ListVariantsOperation.Request(messageID: id, page: page)
        let answer = try await operations.listVariants(asked, caller: request.caller)
        return Answer.entity(answer.body, for: request.request)
    }

    @Sendable
    private func activate(_ request: APIRequest) async throws -> Response {
        let id = try request.messageID()
        try await request.expectEmptyBody()
        guard let message = try await editing.tree.activate(id, of: request.caller.clientID) else {
            throw ChatError.messageNotFound(id)
        }
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.message(message)
        return Answer.json(writer.bytes)
    }

    @Sendable
    private func react(_ request: APIRequest) async throws -> Response {
        let id = try request.messageID()
        let reaction = try ReactionRequest(body: await request.body()).reaction
        let client = request.caller.clientID
        let outcome = try await editing.reactions.setReaction(
            reaction,
            to: id,
            of: client,
            user: client,
            traceparent: request.trace.traceparent
        )
        guard outcome != .messageNotFound else { throw ChatError.messageNotFound(id) }
        return Answer.json([
            "message_id": .string(id.description),
            "reaction_type": .string(reaction.rawValue),
            "applied": .bool(reaction != .none),
        ])
    }
}
