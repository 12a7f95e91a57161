internal import ChatCore
internal import ChatRuntime
internal import Hummingbird

/// The operations that change a session.
struct SessionEditRoutes: Sendable {
    /// RFC 7386's own media type names what the metadata of the body is.
    private static let mediaTypes: Set = ["application/json", "application/merge-patch+json"]

    let operations: ChatOperations
    let editing: EditingServices

    func add(to table: RouteTable) {
        table.add(.patch, "/sessions/{id}", handle: updateMetadata)
        table.add(.delete, "/sessions/{id}", handle: delete)
        table.add(.patch, "/sessions/{id}/type", handle: switchType)
    }

    @Sendable
    private func updateMetadata(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        let body = try UpdateMetadataRequest(body: await request.body(mediaTypes: Self.mediaTypes))
        let edit = try await editing.editor.patchMetadata(body.patch, of: id, client: request.caller.clientID)
        guard let edit else { throw ChatError.sessionNotFound(id) }
        var writer = JSONWriter(reservingCapacity: 512)
        writer.session(edit.session)
        return Answer.json(writer.bytes)
    }

    @Sendable
    private func delete(_ request: APIRequest) async throws -> Response {
        let asked = SessionReference(sessionID: try request.sessionID())
        try await request.expectEmptyBody()
        let answer = try await operations.deleteSession(
            asked,
            caller: request.caller,
            traceparent: request.trace.traceparent
        )
        return Answer.json(answer.body)
    }

    @Sendable
    private func switchType(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        let body = try SwitchSessionTypeRequest(body: await request.body())
        let answer = try await operations.switchSessionType(
            SwitchSessionTypeOperation.Request(sessionID: id, body: body),
            caller: request.caller,
            traceparent: request.trace.traceparent
        )
        return Answer.json(answer.body)
    }
}
