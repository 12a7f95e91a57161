internal import ChatCore
internal import ChatRuntime
internal import Hummingbird

/// The operations on session types: managed by administrators, listed by everybody.
struct SessionTypeRoutes: Sendable {
    let sessionTypes: any SessionTypeStore
    let checkSessionType: CheckSessionType

    func add(to table: RouteTable) {
        table.add(.get, "/session-types", handle: list)
        table.add(.post, "/session-types", for: .administrator, handle: create)
        table.add(.get, "/session-types/{id}", for: .administrator, handle: get)
        table.add(.put, "/session-types/{id}", for: .administrator, handle: replace)
        table.add(.delete, "/session-types/{id}", for: .administrator, handle: delete)
        table.add(.post, "/session-types/{id}/health", for: .administrator, handle: checkHealth)
    }

    @Sendable
    private func list(_ request: APIRequest) async throws -> Response {
        let types = try await sessionTypes.sessionTypes()
        let shown = types.map { request.caller.isAdministrator ? $0.administrationJSON : $0.publicJSON }
        let answer: JSONValue = ["session_types": .array(shown)]
        return Answer.entity(answer.bytes, for: request.request)
    }

    @Sendable
    private func create(_ request: APIRequest) async throws -> Response {
        let type = try SessionType(body: await request.body(), keyed: request.keyed)
        do {
            try await sessionTypes.createSessionType(type)
        } catch let error as ChatError where error.code == .conflict {
            // An id that follows from the request was stored by an attempt at it that could not answer.
            guard type.id == request.keyed?.makeID() else { throw error }
        }
        return Answer.created(type.administrationJSON, at: "\(RouteTable.basePath)/session-types/\(type.id)")
    }

    @Sendable
    private func get(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionTypeID()
        guard let type = try await sessionTypes.sessionType(id) else {
            throw ChatError.sessionTypeNotFound(id.description)
        }
        return Answer.entity(type.administrationJSON.bytes, for: request.request)
    }

    @Sendable
    private func replace(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionTypeID()
        let type = try SessionType(body: await request.body(), id: id)
        guard try await sessionTypes.replaceSessionType(type) else {
            throw ChatError.sessionTypeNotFound(id.description)
        }
        return Answer.json(type.administrationJSON)
    }

    @Sendable
    private func delete(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionTypeID()
        try await request.expectEmptyBody()
        switch try await sessionTypes.deleteSessionType(id) {
        case .deleted: return Answer.json(["deleted": true])
        case .unknown: throw ChatError.sessionTypeNotFound(id.description)
        case .inUse: throw ChatError(.conflict, "The session type is in use.", resourceID: id.description)
        }
    }

    @Sendable
    private func checkHealth(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionTypeID()
        try await request.expectEmptyBody()
        return Answer.json(try await checkSessionType(id, traceparent: request.trace.traceparent).json)
    }
}
