internal import ChatCore
internal import Hummingbird

/// The operations on messages.
struct MessageRoutes: Sendable {
    let messages: any MessageStore
    let stopMessage: StopMessage

    func add(to table: RouteTable) {
        table.add(.get, "/sessions/{id}/messages", takesQuery: true, handle: list)
        table.add(.get, "/messages/{id}", handle: get)
        table.add(.post, "/messages/{id}/stop", handle: stop)
    }

    @Sendable
    private func list(_ request: APIRequest) async throws -> Response {
        let query = try messageQuery(request)
        guard let page = try await messages.messages(query) else { throw ChatError.sessionNotFound(query.sessionID) }
        var writer = JSONWriter(reservingCapacity: 64 + 1024 * page.elements.count)
        writer.beginObject()
        writer.name("messages")
        writer.beginArray()
        for message in page.elements { writer.message(message) }
        writer.endArray()
        writer.nextCursor(page.nextCursor)
        writer.endObject()
        return Answer.entity(writer.bytes, for: request.request)
    }

    private func messageQuery(_ request: APIRequest) throws(ChatError) -> MessageQuery {
        let sessionID = try request.sessionID()
        var reader = request.query()
        let query = MessageQuery(
            clientID: request.caller.clientID,
            sessionID: sessionID,
            path: reader.word("path", of: ["active": .active, "all": .all]) ?? .active,
            parentMessageID: reader.identifier("parent_message_id"),
            limit: reader.integer("limit", in: 1...1000) ?? 100,
            isDescending: reader.word("order", of: ["asc": false, "desc": true]) ?? false,
            cursor: reader.cursor()
        )
        try reader.finish()
        return query
    }

    @Sendable
    private func get(_ request: APIRequest) async throws -> Response {
        let id = try request.messageID()
        guard let message = try await messages.message(id, of: request.caller.clientID) else {
            throw ChatError.messageNotFound(id)
        }
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.message(message)
        return Answer.entity(writer.bytes, for: request.request)
    }

    @Sendable
    private func stop(_ request: APIRequest) async throws -> Response {
        let id = try request.messageID()
        try await request.expectEmptyBody()
        let stopped = try await stopMessage(id, caller: request.caller)
        return Answer.json(["stopped": .bool(stopped), "partial_message_id": .string(id.description)])
    }
}
