internal import ChatCore
internal import Hummingbird

/// The operations on sessions.
struct SessionRoutes: Sendable {
    let sessions: any SessionStore
    let createSession: CreateSession

    func add(to table: RouteTable) {
        table.add(.post, "/sessions", handle: create)
        table.add(.get, "/sessions", takesQuery: true, handle: list)
        table.add(.get, "/sessions/{id}", handle: get)
    }

    @Sendable
    private func create(_ request: APIRequest) async throws -> Response {
        let session = try await createSession(
            CreateSession.Request(body: await request.body()),
            caller: request.caller
        )
        return Answer.created(
            [
                "session_id": .string(session.id.description),
                "available_capabilities": .array(session.availableCapabilities.map(\.json)),
            ],
            at: "\(RouteTable.basePath)/sessions/\(session.id)"
        )
    }

    @Sendable
    private func list(_ request: APIRequest) async throws -> Response {
        var query = request.query()
        let limit = query.integer("limit", in: 1...100) ?? 20
        let cursor = query.cursor()
        try query.finish()
        let page = try await sessions.sessions(of: request.caller.clientID, limit: limit, after: cursor)
        var writer = JSONWriter(reservingCapacity: 64 + 512 * page.elements.count)
        writer.beginObject()
        writer.name("sessions")
        writer.beginArray()
        for session in page.elements { writer.session(session) }
        writer.endArray()
        writer.nextCursor(page.nextCursor)
        writer.endObject()
        return Answer.entity(writer.bytes, for: request.request)
    }

    @Sendable
    private func get(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        guard let session = try await sessions.session(id, of: request.caller.clientID) else {
            throw ChatError.sessionNotFound(id)
        }
        var writer = JSONWriter(reservingCapacity: 512)
        writer.session(session)
        return Answer.entity(writer.bytes, for: request.request)
    }
}
