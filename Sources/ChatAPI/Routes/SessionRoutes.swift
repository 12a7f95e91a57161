internal import ChatCore
internal import ChatRuntime
internal import Hummingbird

/// The operations on sessions.
struct SessionRoutes: Sendable {
    let sessions: any SessionStore
    let operations: ChatOperations

    func add(to table: RouteTable) {
        table.add(.post, "/sessions", handle: create)
        table.add(.get, "/sessions", takesQuery: true, handle: list)
        table.add(.get, "/sessions/{id}", handle: get)
    }

    @Sendable
    private func create(_ request: APIRequest) async throws -> Response {
        let body = try CreateSession.Request(body: await request.body())
        let answer = try await operations.createSession(
            body,
            caller: request.caller,
            traceparent: request.trace.traceparent,
            keyed: request.keyed
        )
        return Answer.created(answer)
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
        let asked = SessionReference(sessionID: try request.sessionID())
        let answer = try await operations.getSession(asked, caller: request.caller)
        return Answer.entity(answer.body, for: request.request)
    }
}
