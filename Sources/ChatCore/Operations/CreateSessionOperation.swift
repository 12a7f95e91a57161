/// Opens a session: `{session_id, available_capabilities}`.
public struct CreateSessionOperation: ChatOperation {
    let createSession: CreateSession

    public func callAsFunction(_ request: CreateSession.Request, caller: Caller) async throws -> OperationAnswer {
        try await self(request, caller: caller, traceparent: nil, keyed: nil)
    }

    /// - Parameters:
    ///   - traceparent: W3C `traceparent` of the request, passed on to the backend.
    ///   - keyed: set when the request may be sent again.
    public func callAsFunction(
        _ request: CreateSession.Request,
        caller: Caller,
        traceparent: String?,
        keyed: KeyedRequest?
    ) async throws -> OperationAnswer {
        let session = try await createSession(request, caller: caller, traceparent: traceparent, keyed: keyed)
        return OperationAnswer(location: "/sessions/\(session.id)") { writer in
            writer.beginObject()
            writer.name("session_id")
            writer.string(session.id.description)
            writer.availableCapabilities(of: session)
            writer.endObject()
        }
    }
}
