internal import ChatCore
internal import Hummingbird

/// The operations on the variants of a message, and reactions to it.
struct MessageTreeRoutes: Sendable {
    let editing: EditingServices

    func add(to table: RouteTable) {
        table.add(.get, "/messages/{id}/variants", handle: variants)
        table.add(.post, "/messages/{id}/activate", handle: activate)
        table.add(.post, "/messages/{id}/reaction", handle: react)
    }

    /// `current_index` is the place of the active variant, whichever of them was asked about.
    @Sendable
    private func variants(_ request: APIRequest) async throws -> Response {
        let id = try request.messageID()
        let variants = try await editing.tree.variants(of: id, client: request.caller.clientID)
        guard let asked = variants.firstIndex(where: { $0.id == id }) else { throw ChatError.messageNotFound(id) }
        var writer = JSONWriter(reservingCapacity: 64 + 1024 * variants.count)
        writer.beginObject()
        writer.name("variants")
        writer.beginArray()
        for message in variants { writer.message(message) }
        writer.endArray()
        writer.name("current_index")
        writer.value(.integer(variants.firstIndex { $0.isActive } ?? asked))
        writer.endObject()
        return Answer.entity(writer.bytes, for: request.request)
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
        let outcome = try await editing.reactions.setReaction(reaction, to: id, of: client, user: client)
        guard outcome != .messageNotFound else { throw ChatError.messageNotFound(id) }
        return Answer.json([
            "message_id": .string(id.description),
            "reaction_type": .string(reaction.rawValue),
            "applied": .bool(reaction != .none),
        ])
    }
}
