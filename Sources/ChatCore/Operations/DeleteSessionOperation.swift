/// Deletes a session with everything of it: `{deleted}`.
public struct DeleteSessionOperation: ChatOperation {
    let deleteSession: DeleteSession

    public func callAsFunction(_ request: SessionReference, caller: Caller) async throws -> OperationAnswer {
        try await self(request, caller: caller, traceparent: nil)
    }

    /// - Parameter traceparent: W3C `traceparent` of the request, passed on to the backend.
    public func callAsFunction(
        _ request: SessionReference,
        caller: Caller,
        traceparent: String?
    ) async throws -> OperationAnswer {
        try await deleteSession(request.sessionID, caller: caller, traceparent: traceparent)
        return OperationAnswer { writer in
            writer.beginObject()
            writer.name("deleted")
            writer.flag(true)
            writer.endObject()
        }
    }
}
