internal import ChatCore
internal import Hummingbird

/// The operations that change a session.
struct SessionEditRoutes: Sendable {
    /// RFC 7386's own media type names what the metadata of the body is.
    private static let mediaTypes: Set = ["application/json", "application/merge-patch+json"]

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
        let id = try request.sessionID()
        try await request.expectEmptyBody()
        try await editing.deleteSession(id, caller: request.caller)
        return Answer.json(["deleted": true])
    }

    @Sendable
    private func switchType(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        let body = try SwitchSessionTypeRequest(body: await request.body())
        let session = try await editing.switchType(id, to: body.sessionTypeID, caller: request.caller)
        return Answer.json([
            "session_id": .string(session.id.description),
            "session_type_id": .string(session.sessionTypeID.description),
            "available_capabilities": .array(session.availableCapabilities.map(\.json)),
        ])
    }
}
