/// Opens a session: `{session_id, available_capabilities}`.
public struct CreateSessionOperation: ChatOperation {
    let createSession: CreateSession

    public func callAsFunction(_ request: CreateSession.Request, caller: Caller) async throws -> OperationAnswer {
        let session = try await createSession(request, caller: caller)
        return OperationAnswer(location: "/sessions/\(session.id)") { writer in
            writer.beginObject()
            writer.name("session_id")
            writer.string(session.id.description)
            writer.availableCapabilities(of: session)
            writer.endObject()
        }
    }
}
